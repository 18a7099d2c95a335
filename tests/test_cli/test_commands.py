"""``fusionreid index``, ``search``, ``list`` and ``delete``, with real images
and the small model."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.drawn_data import write_image
from helpers.galleries import NamedModel, milvus_server
from helpers.golden import ROOT
from helpers.read_page import Page
from helpers.small_checkpoint import write_small_files
from PIL import Image

from fusionreid_mm.apis import (Gallery, ModelSource, ReIDInferencer,
                                list_models)
from fusionreid_mm.cli import main
from fusionreid_mm.sources import PersonImage, list_images

PATTERN = r'_c(\d)'


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_small_files(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def inferencer(files):
    return ReIDInferencer(files.checkpoint, device='cpu')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Eight images of three cameras."""
    folder = tmp_path_factory.mktemp('photographs')
    for i in range(8):
        write_image(folder / f'{i}_c{1 + i % 3}.png', seed=i)
    return folder


@pytest.fixture(scope='module')
def filled(folder, files, tmp_path_factory):
    """A gallery of them."""
    path = tmp_path_factory.mktemp('filled') / 'people.db'
    assert main([
        'index',
        str(folder), '--gallery',
        str(path), '--model', files.checkpoint, '--camera-pattern', PATTERN
    ]) == 0
    return path


@pytest.fixture
def gallery(filled, tmp_path):
    """A copy of it, to be changed."""
    return shutil.copytree(filled, tmp_path / 'people.db')


@pytest.fixture
def run(capsys):
    """The output of a command that succeeds."""

    def run_command(*arguments) -> str:
        assert main(list(map(str, arguments))) == 0
        return capsys.readouterr().out

    return run_command


@pytest.fixture
def fail(capsys):
    """The error of one that does not."""

    def run_command(*arguments) -> str:
        capsys.readouterr()
        assert main(list(map(str, arguments))) == 1
        output = capsys.readouterr()
        assert not output.out
        *_, error = output.err.split('fusionreid: error: ')
        assert 'Traceback' not in output.err
        return error

    return run_command


def test_index_keeps_what_the_model_describes(filled, folder, inferencer):
    images = list_images(folder, camera_pattern=PATTERN)
    with Gallery.open(str(filled)) as gallery:
        assert gallery.names() == sorted(image.name for image in images)
        expected = inferencer(images)
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(
            gallery.descriptors([image.name for image in images]),
            expected,
            atol=1e-5)
        assert gallery.fingerprint == inferencer.fingerprint


def test_index_goes_on_where_it_was(gallery, folder, run, tmp_path):
    arguments = '--gallery', gallery, '--camera-pattern', PATTERN
    assert run('index', folder, *arguments) == \
        f'all 8 images were in {gallery} already\n'
    changed = shutil.copytree(folder, tmp_path / 'more')
    assert f'8 images were added, 8 were there; {gallery} has 16' in run(
        'index', folder, changed, *arguments)
    with Gallery.open(str(gallery)) as opened:
        before = opened.descriptors([str(changed / '3_c1.png')])
    write_image(changed / '3_c1.png', seed=99)
    write_image(changed / 'new_c2.png', seed=100)
    assert '2 images were added, 7 were there' in run('index', changed,
                                                      *arguments)
    with Gallery.open(str(gallery)) as opened:
        after = opened.descriptors([str(changed / '3_c1.png')])
        assert len(opened) == 17
    assert not np.allclose(before, after, atol=1e-3)
    assert '9 images were added, 0 were there' in run('index', changed,
                                                      '--again', *arguments)


def test_cameras_that_are_told_later(files, folder, run, inferencer, tmp_path):
    gallery = tmp_path / 'people.db'
    run('index', folder, '--gallery', gallery, '--model', files.checkpoint)
    arguments = 'index', folder, '--gallery', gallery
    assert '8 images were added' in run(*arguments, '--camera-pattern',
                                        PATTERN)
    assert 'all 8 images were in' in run(*arguments)
    images = list_images(folder, camera_pattern=PATTERN)
    expected = inferencer(images)
    with Gallery.open(str(gallery)) as opened:
        assert sorted(opened.images()) == images
        np.testing.assert_allclose(
            opened.descriptors([image.name for image in images]),
            expected / np.linalg.norm(expected, axis=1, keepdims=True),
            atol=1e-5)


def test_index_by_paths_from_another_folder(gallery, folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    assert 'all 4 images were in' in run('index', '0_c1.png', './1_c2.png',
                                         '*_c1.png', '--gallery', gallery)


def test_search_prints_and_writes_what_python_finds(filled, folder, inferencer,
                                                    run, tmp_path):
    queries = [folder / '0_c1.png', folder / '4_c2.png']
    page, data = tmp_path / 'found.html', tmp_path / 'found.json'
    output = run('search', *queries, '--gallery', filled, '--camera-pattern',
                 PATTERN, '--other-camera', '--topk', 4, '--html', page,
                 '--json', data)
    images = list_images(queries, camera_pattern=PATTERN)
    with Gallery.open(str(filled), inferencer) as gallery:
        expected = [
            gallery.search(
                image, topk=4, exclude=[image.name], other_camera=True)[0]
            for image in images
        ]
    found = json.loads(data.read_text())
    assert [item['name'] for item in found] == list(map(str, queries))
    assert [item['camid'] for item in found] == [0, 1]
    for item, matches in zip(found, expected):
        assert [match['name'] for match in item['matches']
                ] == [match.name for match in matches]
        np.testing.assert_allclose(
            [match['score'] for match in item['matches']],
            [match.score for match in matches],
            atol=1e-5)
        for rank, match in enumerate(matches, start=1):
            line = (f'{rank}  {match.score:6.3f}  {match.camid + 1:>6}  '
                    f'{"-":>8}  {match.name}')
            assert line in output
    shown = Page(page)
    shown.check_alone()
    assert len(shown.photographs()) == 10 and len(shown.tables) == 2
    for table, matches in zip(shown.tables, expected):
        assert [row[2]
                for row in table[1:]] == [match.name for match in matches]
    assert f'2: {expected[0][1].score:.3f}' in shown.words
    assert 'camera 2' in shown.words and '8 images' in shown.words


def test_search_shows_the_right_pictures(filled, folder, run, tmp_path):
    """Of one camera there are the same images, in the order of the table."""
    page = tmp_path / 'found.html'
    output = run('search', folder / '0_c1.png', '--gallery', filled,
                 '--camera', 2, '--html', page)
    names = [line.split()[-1] for line in output.splitlines()[2:]]
    assert {Path(name).name
            for name in names} == {'1_c2.png', '4_c2.png', '7_c2.png'}
    pictures = Page(page).photographs()
    for name, picture in zip([folder / '0_c1.png', *names], pictures):
        original = np.asarray(Image.open(name), int)
        assert np.abs(np.asarray(picture, int) - original).mean() < 12


def test_pictures_that_are_gone(gallery, folder, run, tmp_path):
    copy = shutil.copytree(folder, tmp_path / 'copy')
    run('index', copy, '--gallery', gallery)
    (copy / '1_c2.png').unlink()
    page = tmp_path / 'found.html'
    run('search', folder / '1_c2.png', '--gallery', gallery, '--html', page)
    assert Page(page).words.count('the picture cannot be read') == 1


def test_queries_do_not_find_themselves(filled, folder, run):
    output = run('search', folder / '0_c1.png', '--gallery', filled)
    assert output.count('0_c1.png') == 1 and output.count('_c') == 8


def test_queries_find_one_another(filled, folder, run, tmp_path):
    """All images of a gallery, each searched for among the others."""
    for topk, number in ((2, 2), (7, 7), (16384, 7)):
        run('search', folder, '--gallery', filled, '--topk', topk, '--json',
            tmp_path / 'found.json')
        found = json.loads((tmp_path / 'found.json').read_text())
        assert len(found) == 8
        for item in found:
            names = [match['name'] for match in item['matches']]
            assert len(set(names)) == number and item['name'] not in names


def test_search_by_time_and_video(files, run, tmp_path):
    """Crops of a video are images as others are."""
    video, boxes = tmp_path / 'walk.avi', tmp_path / 'walk.csv'
    writer = cv2.VideoWriter(
        str(video), cv2.VideoWriter_fourcc(*'MJPG'), 10, (64, 96))
    rng = np.random.default_rng(0)
    for _ in range(3):
        colours = rng.integers(0, 256, (3, 2, 3), dtype=np.uint8)
        writer.write(cv2.resize(colours, (64, 96)))
    writer.release()
    boxes.write_text('frame,x,y,width,height,camid,time\n'
                     '0,0,0,32,64,0,1.5\n1,8,8,32,64,1,2.5\n2,0,9,32,64,,\n')
    gallery = tmp_path / 'people.db'
    assert '3 images were added' in run('index', video, '--boxes', boxes,
                                        '--gallery', gallery, '--model',
                                        files.config, '--weights',
                                        files.checkpoint)
    query = f'{video}#frame=0&xywh=0,0,32,64'
    for filters, frames in ((('--start', 2), [1]), (('--end', 2), [2]),
                            (('--not-camera', 2), [2]), ((), [1, 2])):
        output = run('search', query, '--gallery', gallery, *filters)
        assert [f'#frame={i}&' in output
                for i in (1, 2)] == [i in frames for i in (1, 2)]
    summary = run('list', '--gallery', gallery)
    assert '1: 1, 2: 1, unknown: 1' in summary
    # Where the table has no time, the frame has one.
    assert '0.2 to 2.5 seconds' in summary
    assert run('delete', video, '--gallery', gallery) == \
        f'3 images were forgotten; {gallery} has 0\n'


def test_cameras_that_the_model_does_not_know(files, inferencer, run, fail,
                                              tmp_path):
    """The small model knows three."""
    write_image(tmp_path / 'images' / 'a_c9.png')
    arguments = (tmp_path / 'images', '--gallery', tmp_path / 'people.db',
                 '--model', files.checkpoint, '--camera-pattern', PATTERN)
    assert 'camera id 8' in fail('index', *arguments)
    shutil.rmtree(tmp_path / 'people.db')
    run('index', *arguments, '--new-cameras')
    summary = run('list', '--gallery', tmp_path / 'people.db')
    assert 'no cameras' in summary and '9: 1' in summary
    name = str(tmp_path / 'images' / 'a_c9.png')
    with Gallery.open(str(tmp_path / 'people.db'), inferencer) as gallery:
        described, = inferencer([PersonImage(name)])
        np.testing.assert_allclose(
            gallery.descriptors([name])[0],
            described / np.linalg.norm(described),
            atol=1e-5)
        found, = gallery.search([PersonImage(name, 2)])
        assert found[0].score == pytest.approx(1, abs=1e-5)


def test_bad_images(gallery, run, fail, tmp_path):
    folder = tmp_path / 'some'
    write_image(folder / 'a.png', seed=50)
    (folder / 'b.png').write_text('this is no picture')
    write_image(folder / 'c.png', seed=51)
    assert f'{folder}/b.png: this is no image' in fail('index', folder,
                                                       '--gallery', gallery,
                                                       '--batch-size', 1)
    # What came before is there.
    assert str(folder / 'a.png') in run('list', '--names', '--gallery',
                                        gallery)
    assert '1 images were added, 1 were there' in run('index', folder,
                                                      '--gallery', gallery,
                                                      '--skip-bad-images')


def test_list(filled, folder, files, run, fail):
    assert run('list').splitlines() == list_models()
    assert run(
        'list',
        'fusionreid_duke*16').splitlines() == list_models('fusionreid_duke*16')
    summary = run('list', '--gallery', filled)
    for text in ('8', '1: 3, 2: 3, 3: 2', files.checkpoint, 'FLAT'):
        assert text in summary
    assert run('list', '--names', '--gallery',
               filled).splitlines() == sorted(map(str, folder.iterdir()))
    assert 'give --gallery' in fail('list', '--names')


def test_delete(gallery, folder, run, fail, tmp_path, monkeypatch):
    assert 'name the images to forget' in fail('delete', '--gallery', gallery)
    assert "'nobody.png' is not in" in fail('delete', folder / '0_c1.png',
                                            'nobody.png', '--gallery', gallery)
    assert '1 images were forgotten' in run('delete', folder / '0_c1.png',
                                            '--gallery', gallery)
    monkeypatch.chdir(folder)
    assert 'Nothing was forgotten' in fail('delete', '', '--gallery', gallery)
    other = shutil.copytree(folder, tmp_path / 'other')
    run('index', other, '--gallery', gallery)
    (other / '3_c1.png').unlink()
    assert f'1 images were forgotten; {gallery} has 14' in run(
        'delete', '--gone', '--gallery', gallery)
    assert f'7 images were forgotten; {gallery} has 7' in run(
        'delete', other, '--gallery', gallery)
    assert (other / '0_c1.png').is_file()


def test_names_do_nothing_to_a_terminal(gallery, run, tmp_path):
    folder = tmp_path / 'images'
    write_image(folder / 'a\nb\x1b[31m.png')
    shown = 'a\\nb\\x1b[31m.png'
    run('index', folder, '--gallery', gallery)
    names = run('list', '--names', '--gallery', gallery).splitlines()
    assert len(names) == 9 and str(folder / shown) in names
    lines = run('search', folder, '--gallery', gallery).splitlines()
    assert lines[0] == str(folder / shown) and len(lines) == 10
    # What Linux allows, and UTF-8 does not.
    query = tmp_path / 'b\udcff.png'
    shutil.copyfile(folder / 'a\nb\x1b[31m.png', query)
    output = run('search', query, '--gallery', gallery, '--topk', 1)
    assert 'b\\udcff.png' in output and f'  {folder / shown}' in output


def test_devices_that_are_not_there(gallery, folder, fail):
    for device in ('toaster', 'xpu:7'):
        assert f'device {device!r} cannot be used: ' in fail(
            'search', folder, '--gallery', gallery, '--device', device)


def test_which_model(files, folder, fail, run, monkeypatch, tmp_path):
    image, gallery = folder / '0_c1.png', tmp_path / 'people.db'
    arguments = 'index', image, '--gallery', gallery
    assert 'set FUSIONREID_MODEL' in fail(*arguments)
    assert 'give it as --model' in fail(*arguments, '--weights', 'x.pth')
    assert "there is no 'x.pth', --model" in fail(*arguments, '--model',
                                                  'x.pth')
    assert 'would describe images at random' in fail(*arguments, '--model',
                                                     files.config)
    assert 'would describe images at random' in fail(*arguments, '--model',
                                                     'fusionreid_market')
    assert "'resnet' is neither" in fail(*arguments, '--model', 'resnet')
    assert not gallery.exists()
    monkeypatch.setenv('FUSIONREID_MODEL', files.config)
    monkeypatch.setenv('FUSIONREID_WEIGHTS', files.checkpoint)
    run(*arguments)
    # The gallery's own goes before the environment.
    monkeypatch.setenv('FUSIONREID_MODEL', 'x.pth')
    run('search', image, '--gallery', gallery)
    with Gallery.open(str(gallery)) as opened:
        assert opened.source == ModelSource(files.config, files.checkpoint)
    other = write_small_files(tmp_path / 'other', seed=1)
    assert 'holds descriptors of another model' in fail(
        'search', image, '--gallery', gallery, '--model', other.checkpoint)
    moved = shutil.move(files.checkpoint, tmp_path / 'moved.pth')
    try:
        assert 'tell with --model and --weights where it is now' in fail(
            'search', image, '--gallery', gallery)
        run('index', image, '--gallery', gallery, '--model', moved)
        run('search', image, '--gallery', gallery)
    finally:
        shutil.move(moved, files.checkpoint)


@pytest.mark.parametrize('arguments, text', [
    (('nobody.png', ), "there is no file or folder 'nobody.png'"),
    (('{folder}', '--topk', '0'), 'topk must be from 1'),
    (('{folder}', '--html', 'a.txt'), 'must end with .html'),
    (('{folder}', '--json', 'a.txt'), 'must end with .json'),
    (('{folder}', '--other-camera'), 'nobody knows the camera of the query'),
    (('{folder}', '--camera', '1', '--not-camera', '1'), 'nothing could be'),
    (('{folder}', '--start', '2', '--end', '1'), 'is before start'),
])
def test_searches_that_cannot_be(filled, folder, fail, arguments, text):
    arguments = [argument.format(folder=folder) for argument in arguments]
    assert text in fail('search', *arguments, '--gallery', filled)


def test_a_gallery_of_a_server(files, folder, run, tmp_path):
    with milvus_server(tmp_path / 'data') as uri:
        where = '--gallery', uri, '--collection', 'people'
        run('index', folder, *where, '--model', files.checkpoint, '--index',
            'HNSW')
        assert '1_c2.png' in run('search', folder / '0_c1.png', *where)
        assert 'HNSW' in run('list', *where)


def test_errors_of_milvus_are_told(tmp_path, fail):
    with milvus_server(tmp_path / 'data') as uri:
        Gallery(uri, NamedModel()).close()
        assert fail('list', '--gallery', uri, '--database', 'nobody') == \
            "database 'nobody' does not exist\n"


def test_a_killed_index_goes_on(files, folder, run, tmp_path):
    """Wherever it is killed, all are there in the end, each once."""
    images, gallery = tmp_path / 'images', tmp_path / 'people.db'
    for i in range(40):
        shutil.copy(folder / f'{i % 8}_c{1 + i % 8 % 3}.png', images /
                    f'{i}.png') if i else images.mkdir()
    command = [
        sys.executable, '-m', 'fusionreid_mm', 'index',
        str(images), '--gallery',
        str(gallery), '--model', files.checkpoint, '--batch-size', '1'
    ]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=str(ROOT)))
    logs = gallery / 'collections' / 'gallery' / 'wal'
    while process.poll() is None and not any(file.stat().st_size > 20000
                                             for file in logs.glob('*data*')):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    _, error = process.communicate()
    assert process.returncode == -signal.SIGKILL, error
    with Gallery.open(str(gallery)) as opened:
        there = opened.names()
    assert 0 < len(there) < 39 and len(set(there)) == len(there)
    assert f'{39 - len(there)} images were added, {len(there)} were there' \
        in run('index', images, '--gallery', gallery)
    names = run('list', '--names', '--gallery', gallery).splitlines()
    assert names == sorted(map(str, images.iterdir()))
