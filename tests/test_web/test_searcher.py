from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.drawn_data import write_image

from fusionreid_mm.apis import Filter, Gallery, explain
from fusionreid_mm.sources import PersonImage, read_image
from fusionreid_mm.web import Searcher
from fusionreid_mm.web.searcher import NotExplainable


def test_what_is_in_it(searcher, small):
    summary = searcher.summary()
    assert summary.size == 13
    assert summary.camids == (0, 1, 2)
    assert summary.times == (0, 660)
    assert len(set(summary.examples)) == 6
    assert set(summary.examples) <= {image.name for image in small.images}


def test_what_is_in_it_now(searcher, small):
    searcher.summary()
    extra = PersonImage(small.images[0].name + '?', 7, 1000)
    descriptors = searcher.gallery.descriptors([small.images[0].name])
    searcher.gallery.add_descriptors([extra], descriptors)
    assert searcher.summary()[:3] == (14, (0, 1, 2, 7), (0, 1000))
    searcher.gallery.delete(extra.name)
    assert searcher.summary().size == 13


def test_an_empty_gallery(small, searcher, tmp_path):
    with Gallery(str(tmp_path / 'a.db'), searcher.inferencer) as gallery:
        empty = Searcher(gallery, searcher.inferencer)
        assert empty.summary() == (0, (), None, ())
        query = empty.describe('a', small.images[0].name, None)
        assert empty.search(query) == []


@pytest.mark.parametrize('camid', [None, 1])
def test_finds_what_the_gallery_finds(searcher, small, camid):
    path = small.images[4].name
    query = searcher.describe('a.png', Path(path).read_bytes(), camid)
    expected, = searcher.gallery.search(PersonImage(path, camid), topk=5)
    assert searcher.search(query, topk=5) == expected
    if camid == 1:
        assert expected[0].name == path
        assert expected[0].score == pytest.approx(1, abs=1e-5)


def test_filters(searcher, small):
    path = small.images[4].name
    query = searcher.describe('a.png', Path(path).read_bytes(), 1)
    filters = Filter({0, 1}, {1}, 0, 400)
    expected, = searcher.gallery.search(
        PersonImage(path, 1),
        topk=20,
        camids=[0, 1],
        not_camids=[1],
        start=0,
        end=400)
    assert searcher.search(query, 20, filters) == expected
    assert [match.camid for match in expected] == [0, 0, 0]


def test_an_image_of_the_gallery_does_not_find_itself(searcher, small):
    name = small.images[4].name
    query = searcher.describe('4', name, 1)
    assert query.gallery_name == name
    found = [match.name for match in searcher.search(query, 20)]
    assert sorted(found) == sorted(image.name for image in small.images
                                   if image.name != name)
    other = small.images[5].name
    found = searcher.search(query, 20, Filter(exclude=[other]))
    assert len(found) == 11


def test_what_is_no_image(searcher):
    with pytest.raises(ValueError, match="no image .*starts with b'hello'"):
        searcher.describe('a', b'hello', None)
    with pytest.raises(OSError, match='cannot read the image missing.jpg'):
        searcher.describe('a', 'missing.jpg', None)


def test_an_explanation_is_that_of_each_by_the_other(searcher, small):
    query = searcher.describe('a', small.images[2].name, 2)
    match = searcher.search(query, 1)[0]
    found = searcher.explain(query, match)
    references = searcher.gallery.descriptors([match.name])
    expected = explain(searcher.inferencer, read_image(small.images[2].name),
                       2, references[0])
    assert found.query.keys() == expected.keys() == {
        'image', 'cnn', 'transformer', 'cnn_from_transformer',
        'transformer_from_cnn'
    }
    for name, picture in expected.items():
        np.testing.assert_array_equal(found.query[name], picture)
    expected = explain(searcher.inferencer, read_image(match.name),
                       match.camid, query.descriptor)
    for name, picture in expected.items():
        np.testing.assert_array_equal(found.match[name], picture)


def test_a_large_picture_is_explained_at_the_size_of_a_screen(
        searcher, small, tmp_path):
    write_image(tmp_path / 'a.png', size=(600, 1500))
    query = searcher.describe('a', (tmp_path / 'a.png').read_bytes(), None)
    found = searcher.explain(query, searcher.search(query, 1)[0])
    assert found.query['cnn'].shape == (512, 205, 3)
    assert found.match['cnn'].shape == (64, 32, 3)


def test_no_explanation_of_what_is_gone(searcher, small, tmp_path):
    query = searcher.describe('a', small.images[2].name, 2)
    match = searcher.search(query, 1)[0]
    with pytest.raises(KeyError, match='stranger.png.* is not in'):
        write_image(tmp_path / 'stranger.png')
        name = str(tmp_path / 'stranger.png')
        searcher.explain(query, match._replace(name=name))
    with pytest.raises(OSError, match='cannot read the image gone.png'):
        searcher.explain(query, match._replace(name='gone.png'))


class Exported:
    """An inferencer without a model to look into."""

    def __init__(self, inferencer, threshold=None):
        self.fingerprint = inferencer.fingerprint
        self.descriptor_size = inferencer.descriptor_size
        self.threshold = threshold
        self._inferencer = inferencer

    def __call__(self, *args, **kwargs):
        return self._inferencer(*args, **kwargs)


def test_an_exported_model_cannot_be_looked_into(searcher, small):
    exported = Searcher(searcher.gallery, Exported(searcher.inferencer))
    query = exported.describe('a', small.images[2].name, 2)
    match = exported.search(query, 1)[0]
    assert not exported.is_explainable
    with pytest.raises(NotExplainable, match='an exported model has no'):
        exported.explain(query, match)


@pytest.mark.parametrize('threshold, given, expected', [
    (SimpleNamespace(metric='cosine', value=.7), None, .7),
    (SimpleNamespace(metric='cosine', value=.7), .5, .5),
    (SimpleNamespace(metric='euclidean', value=.7), None, None),
    (None, None, None),
])
def test_threshold(searcher, threshold, given, expected):
    exported = Exported(searcher.inferencer, threshold)
    assert Searcher(searcher.gallery, exported, given).threshold == expected


def test_a_model_of_another_gallery(searcher):
    other = Exported(searcher.inferencer)
    other.fingerprint = 'f' * 32
    with pytest.raises(ValueError, match='descriptors of another model'):
        Searcher(searcher.gallery, other)
