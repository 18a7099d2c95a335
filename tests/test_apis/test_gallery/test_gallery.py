"""A gallery of Milvus Lite, against loops over all images."""
import itertools
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import add_until_killed
from helpers.galleries import (SIZE, NamedModel, assert_same_matches,
                               search_naively, some_images)
from helpers.golden import ROOT

from fusionreid_mm.apis import Filter, Gallery, ModelSource
from fusionreid_mm.apis.gallery.passport import FORMAT, Passport
from fusionreid_mm.sources import PersonImage

MODEL = NamedModel()
IMAGES = some_images()
NAMES = [image.name for image in IMAGES]
QUERY = PersonImage('somebody else.jpg', 1)


@pytest.fixture(scope='module')
def full(tmp_path_factory):
    """A gallery that tests only search."""
    path = tmp_path_factory.mktemp('gallery') / 'people.db'
    with Gallery(str(path), MODEL) as gallery:
        assert gallery.add(iter(IMAGES), batch_size=8) == len(IMAGES)
        yield gallery


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / 'people.db')


@pytest.mark.parametrize('filters', [
    {},
    dict(camids=[2]),
    dict(camids=[0, 2, 9]),
    dict(camids=[9]),
    dict(not_camids=[1]),
    dict(not_camids=[0, 1, 2]),
    dict(camids=[0, 1], not_camids=[1]),
    dict(start=10),
    dict(end=12.5),
    dict(start=10, end=12.5),
    dict(start=12.5, end=12.5),
    dict(start=-1e300, end=1e-7),
    dict(exclude=NAMES[5:40] + ['not there.jpg']),
    dict(camids=[1], start=4, end=20, exclude=NAMES[9:10]),
])
def test_search_finds_what_a_loop_finds(full, filters):
    for topk in (1, 4, 100):
        found, = full.search([QUERY], topk=topk, **filters)
        assert_same_matches(
            found, search_naively(MODEL, IMAGES, QUERY, topk, **filters))


def test_many_queries_each_with_a_filter(full):
    """More than one request has, in an order that has nothing to do with the
    filters."""
    queries = some_images(230, 'query')
    filters = [
        Filter(camids={i % 3}) if i % 2 else Filter(not_camids={i % 4})
        for i in range(len(queries))
    ]
    found = full.search_descriptors(MODEL(queries), 5, filters)
    for query, one, matches in zip(queries, filters, found):
        assert_same_matches(
            matches, search_naively(MODEL, IMAGES, query, 5, **one._asdict()))


def test_scores_are_cosine_similarities(full):
    opposite = -3 * MODEL.describe(IMAGES[0])
    everything, = full.search_descriptors([opposite], topk=100)
    scores = {match.name: match.score for match in everything}
    assert scores['0.jpg'] == pytest.approx(-1, abs=1e-6)
    assert min(scores.values()) >= -1 and len(scores) == len(IMAGES)
    itself, = full.search([IMAGES[7]], topk=1)
    assert_same_matches(itself,
                        search_naively(MODEL, IMAGES, IMAGES[7], topk=1))
    assert itself[0].score == pytest.approx(1, abs=1e-6)


def test_other_camera_is_that_of_each_query(full):
    queries = [QUERY._replace(camid=camid) for camid in (0, 2)]
    found = full.search(queries, topk=100, camids=[0, 2], other_camera=True)
    for matches, expected in zip(found, (2, 0)):
        assert {match.camid for match in matches} == {expected}
    # Nobody can say that an image of an unknown camera is of the same one.
    first, = full.search(queries[:1], topk=100, other_camera=True)
    assert {match.camid for match in first} == {1, 2, None}
    with pytest.raises(ValueError, match="camera of the query 'unknown.jpg'"):
        full.search([PersonImage('unknown.jpg')], other_camera=True)
    with pytest.raises(ValueError, match=r'cameras \[0\], all are left out'):
        full.search(queries, camids=[0], other_camera=True)


def test_what_is_in_it(full):
    assert len(full) == len(IMAGES)
    assert full.names() == sorted(NAMES)
    assert sorted(full.images()) == sorted(IMAGES, key=lambda x: x.name)
    expected = MODEL(IMAGES[:3])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(
        full.descriptors(NAMES[:3]), expected, atol=1e-6)
    assert full.descriptors([]).shape == (0, SIZE)
    with pytest.raises(KeyError, match='nobody.jpg'):
        full.descriptors(['0.jpg', 'nobody.jpg'])


@pytest.mark.parametrize('kwargs, text', [
    (dict(topk=0), 'topk must be from 1 to 16384'),
    (dict(topk=16385), 'topk must be from 1 to 16384'),
    (dict(camids=[]), 'camids is empty'),
    (dict(camids=[1, 2], not_camids=[2, 1]), 'nothing could be found'),
    (dict(start=float('nan')), 'start must be a time in seconds: nan'),
    (dict(end=float('inf')), 'end must be a time in seconds: inf'),
    (dict(start=2, end=1), 'end, 1, is before start, 2'),
])
def test_searches_that_can_find_nothing(full, kwargs, text):
    with pytest.raises(ValueError, match=text):
        full.search([QUERY], **kwargs)


@pytest.mark.parametrize('descriptors, text', [
    (np.ones((2, SIZE + 1)), r'must be \(N, 6\).*got \(2, 7\)'),
    (np.eye(SIZE)[:2] * [[1], [np.nan]], "'1.jpg' has the length nan"),
    (np.eye(SIZE)[:2] * [[0], [1]], "'0.jpg' has the length 0.0"),
    (np.ones((3, SIZE)), '2 images, but 3 descriptors'),
])
def test_descriptors_that_are_none(full, descriptors, text):
    with pytest.raises(ValueError, match=text):
        full.add_descriptors(IMAGES[:2], descriptors)
    assert len(full) == len(IMAGES)
    with pytest.raises(ValueError, match=r'must be \(N, 6\).*got \(6,\)'):
        full.search_descriptors(np.ones(SIZE))
    with pytest.raises(ValueError, match='descriptor of query 1 has the len'):
        full.search_descriptors(np.eye(SIZE)[:2] * [[1], [0]])
    with pytest.raises(ValueError, match='2 descriptors, but 1 filters'):
        full.search_descriptors(np.eye(SIZE)[:2], filters=[Filter()])


#: Names that would mean something in a filter, a path or a log.
HOSTILE = [
    '', '"', "'", '\\', '\\"', '" or key != "', '"] or 1 == 1 or key in ["',
    '{x}', '%s', 'a\nb', '\t', '\x00', '人物.jpg', '🚶.png', '../../etc',
    'x' * 60000, 'walk.mp4#frame=12&xywh=10,20,64,128'
]


def test_names_may_be_anything(uri):
    images = [PersonImage(f'{i}{name}', i) for i, name in enumerate(HOSTILE)]
    names = [image.name for image in images]
    with Gallery(uri, MODEL) as gallery:
        gallery.add(iter(images))
        assert gallery.names() == sorted(names)
        assert not list(gallery.missing(iter(images)))
        for image in images:
            found, = gallery.search([image], topk=1)
            assert found[0][0] == image.name and found[0][2] == image.camid
            others, = gallery.search([image], topk=50, exclude=[image.name])
            assert gallery.search(
                image, topk=50, exclude=image.name) == [others]
            assert {match.name
                    for match in others} == set(names) - {image.name}
        assert gallery.delete(names[1]) == 1
        assert gallery.names() == sorted(set(names) - {names[1]})
        assert gallery.delete([*names[2:9], 'no', names[1]]) == 7
        assert len(gallery) == len(names) - 8


@pytest.mark.parametrize('image, text', [
    (PersonImage(''), 'must have 1 to 65535 bytes'),
    (PersonImage('x' * 65536), 'must have 1 to 65535 bytes'),
    (PersonImage('\udce4.jpg'), 'is not in UTF-8: rename the file'),
    (PersonImage('a.jpg', 0, np.inf), "time of 'a.jpg' must be in seconds"),
])
def test_images_that_milvus_cannot_keep(full, image, text):
    with pytest.raises(ValueError, match=text):
        full.add_descriptors([image], np.ones((1, SIZE)))
    assert full.delete([image.name]) == 0


def test_an_image_replaces_itself(uri):
    with Gallery(uri, MODEL) as gallery:
        gallery.add(iter(IMAGES))
        gallery.add(iter(IMAGES[10:20]))
        assert len(gallery) == len(IMAGES)
        moved = PersonImage(NAMES[3], 8, 99.)
        # Twice in one batch: the last counts.
        gallery.add_descriptors([moved._replace(camid=5), moved],
                                np.eye(SIZE)[:2])
        assert len(gallery) == len(IMAGES)
        found, = gallery.search_descriptors(np.eye(SIZE)[1:2], topk=1)
        assert found[0][2:] == (8, 99.)
        assert found[0].score == pytest.approx(1)


def test_news_of_cameras_and_times_are_missing(uri):
    images = some_images(8)
    with Gallery(uri, MODEL) as gallery:
        gallery.add(iter(images))
        unknown = [PersonImage(image.name) for image in images]
        assert not list(gallery.missing(iter(unknown)))
        assert images[3].camid is None and images[3].time is None
        news = [
            images[0], images[1]._replace(camid=2),
            images[2]._replace(time=9.), images[3]._replace(camid=0),
            images[3]._replace(time=0.), images[4]
        ]
        assert list(gallery.missing(iter(news))) == news[1:5]
        gallery.add(iter(news[1:3]))
        assert not list(gallery.missing(iter(news[:3])))


def test_it_lasts(uri):
    source = ModelSource('/configs/"a" b.py', '/weights.pth')
    with Gallery(uri, MODEL, source) as gallery:
        gallery.add(iter(IMAGES))
        gallery.delete(NAMES[:5])
    with pytest.raises(ValueError, match='people.db has been closed'):
        len(gallery)
    with Gallery.open(uri) as gallery:
        assert gallery.names() == sorted(NAMES[5:])
        assert gallery.fingerprint == MODEL.fingerprint
        assert gallery.descriptor_size == SIZE
        assert gallery.source == source
        assert str(source) == '/configs/"a" b.py with /weights.pth'
        found, = gallery.search_descriptors(MODEL([QUERY]), topk=9)
        assert_same_matches(found,
                            search_naively(MODEL, IMAGES[5:], QUERY, topk=9))
        with pytest.raises(ValueError, match='without a model'):
            gallery.search([QUERY])
        gallery.use(MODEL)
        assert_same_matches(gallery.search([QUERY], topk=9)[0], found)
    with Gallery(uri, MODEL, ModelSource('elsewhere.pth')) as gallery:
        assert gallery.source == ModelSource('elsewhere.pth')
    with Gallery(uri, MODEL) as gallery:
        assert gallery.source == ModelSource('elsewhere.pth')


def test_two_users_in_one_process(uri, tmp_path):
    """The last one to close it lets others have it."""
    (tmp_path / 'link').symlink_to(tmp_path)
    with Gallery(uri, MODEL) as first:
        with Gallery.open(str(tmp_path / 'link' / 'people.db')) as second:
            first.add(iter(IMAGES))
            assert len(second) == len(IMAGES)
        second.close()
        assert len(first) == len(IMAGES)


def test_several_galleries_in_one_place(uri):
    with Gallery(uri, MODEL) as first, Gallery(
            uri, NamedModel('beef', 3), collection='other') as second:
        first.add(iter(IMAGES))
        second.add(iter(IMAGES[:2]))
        assert (len(first), len(second)) == (len(IMAGES), 2)
    with pytest.raises(FileNotFoundError, match="no gallery 'third'.*gallery"):
        Gallery.open(uri, collection='third')


def test_another_model_is_refused(uri):
    Gallery(uri, MODEL, ModelSource('own.pth')).close()
    other = NamedModel('beef')
    for open_it in (Gallery, Gallery.open):
        with pytest.raises(
                ValueError,
                match=r'fingerprint is f00d \(own.pth\), that of the model '
                'given is beef.*take the model of the gallery'):
            open_it(uri, other)
    with Gallery.open(uri) as gallery:
        with pytest.raises(ValueError, match='cannot be compared'):
            gallery.use(other)


def test_settings_of_another_gallery_are_refused(uri):
    Gallery(uri, MODEL, index='HNSW').close()
    with Gallery(uri, MODEL) as gallery:
        assert (gallery.index, gallery.new_cameras) == ('HNSW', False)
    with pytest.raises(ValueError, match='has the index HNSW, not FLAT'):
        Gallery(uri, MODEL, index='FLAT')
    with pytest.raises(ValueError, match='has been told the cameras'):
        Gallery(uri, MODEL, new_cameras=True)
    with pytest.raises(ValueError, match="no index 'BEST': take one of FLAT"):
        Gallery(uri, MODEL, index='BEST')


def test_collections_of_others_are_refused(uri, monkeypatch):
    with Gallery(uri, MODEL) as gallery:
        gallery._client.create_collection('theirs', dimension=3)
    with pytest.raises(ValueError, match="'theirs'.*was not made by fusion"):
        Gallery.open(uri, collection='theirs')
    later = Passport('f00d', SIZE,
                     'FLAT').to_text().replace(f'"format": {FORMAT}',
                                               '"format": 99')
    monkeypatch.setattr(Passport, 'to_text', lambda self: later)
    with pytest.raises(ValueError, match=f'format 99.*reads format {FORMAT}'):
        Gallery(uri, MODEL, collection='later')


def test_places_where_there_can_be_none(tmp_path):
    (tmp_path / 'file.db').write_text('SQLite format 3')
    with pytest.raises(FileExistsError, match='file.db is a file, but'):
        Gallery(str(tmp_path / 'file.db'), MODEL)
    with pytest.raises(OSError, match='cannot be made'):
        Gallery(str(tmp_path / 'file.db' / 'x.db'), MODEL)
    with pytest.raises(ValueError, match="'people' is no place.*ends with .d"):
        Gallery('people', MODEL)
    with pytest.raises(FileNotFoundError, match='there is no gallery'):
        Gallery.open(str(tmp_path / 'new' / 'x.db'))
    with pytest.raises(ConnectionError, match='no Milvus server can be used'):
        Gallery('http://127.0.0.1:1', MODEL, timeout=1)
    assert os.listdir(tmp_path) == ['file.db']


def test_missing_libraries(uri, monkeypatch):
    for name in ('milvus_lite', 'pymilvus'):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(
                ImportError,
                match=rf'needs {name}: pip install "fusionreid_mm\[gallery\]"'
        ):
            Gallery(uri, MODEL)
    assert not Path(uri).exists()


def test_nothing_is_logged(uri, caplog, capfd):
    """pymilvus prints a traceback of each error, and warns of Milvus Lite."""
    caplog.set_level(logging.WARNING)
    with Gallery(uri, MODEL) as gallery:
        gallery.add(iter(IMAGES[:1]))
        assert gallery.names() == NAMES[:1]
    with pytest.raises(ValueError):
        Gallery('people', MODEL)
    broken = Path(uri).with_name('broken.db')
    broken.write_text('')
    with pytest.raises(FileExistsError):
        Gallery(str(broken), MODEL)
    assert not caplog.records
    assert capfd.readouterr() == ('', '')


def test_a_killed_process_loses_nothing(uri):
    """What it was told to be there is there, once; and while it runs, others
    are told so."""
    number = 5000
    child = subprocess.Popen(
        [sys.executable, add_until_killed.__file__, uri,
         str(number)],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(
            os.environ,
            PYTHONPATH=os.pathsep.join([str(ROOT),
                                        str(ROOT / 'tests')])))
    told = [int(line) for line in itertools.islice(child.stdout, 20)]
    with pytest.raises(
            BlockingIOError, match='another process has the gallery'):
        Gallery.open(uri)
    os.kill(child.pid, signal.SIGKILL)
    told += [int(line) for line in child.stdout]
    assert child.wait() == -signal.SIGKILL
    assert add_until_killed.BATCH <= told[-1] < number
    images = some_images(number)
    with Gallery(uri, MODEL) as gallery:
        names = gallery.names()
        assert len(names) == len(set(names)) == len(gallery)
        assert set(names) >= {image.name for image in images[:told[-1]]}
        todo = list(gallery.missing(iter(images)))
        assert len(todo) == number - len(names)
        gallery.add_descriptors(todo, MODEL(todo))
        assert gallery.names() == sorted(image.name for image in images)
        found, = gallery.search([QUERY], topk=20)
        assert_same_matches(found,
                            search_naively(MODEL, images, QUERY, topk=20))
