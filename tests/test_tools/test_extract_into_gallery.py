"""``tools/extract_features.py --gallery``, killed wherever it is."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import numpy as np
import pytest
from helpers.drawn_data import write_image
from helpers.galleries import NamedModel
from helpers.golden import ROOT
from helpers.small_checkpoint import write_small_files
from helpers.tools import TOOLS, run_inline

from fusionreid_mm.apis import Gallery, ReIDInferencer, read_features

TOOL = 'extract_features.py'
NUMBER = 40


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    return write_small_files(tmp_path_factory.mktemp('model'))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photographs')
    for i in range(NUMBER):
        write_image(folder / f'{i}_c{1 + i % 3}.png', seed=i)
    return folder


def kill_when(arguments, is_time: Callable[[], bool], log: Path) -> None:
    with open(log, 'w') as console:
        process = subprocess.Popen(
            [sys.executable, str(TOOLS / TOOL), *arguments],
            stdout=console,
            stderr=console,
            env=dict(os.environ, PYTHONPATH=str(ROOT)))
        while process.poll() is None and not is_time():
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, log.read_text()


def test_nothing_is_lost_or_doubled(files, folder, tmp_path, monkeypatch,
                                    capsys):
    out, gallery = tmp_path / 'features', tmp_path / 'people.db'
    arguments = [
        files.checkpoint,
        str(folder), '--out',
        str(out), '--gallery',
        str(gallery), '--chunk-size', '3', '--batch-size', '1',
        '--camera-pattern', r'_c(\d)'
    ]
    # While images are described, and while they are put into the gallery.
    kill_when(arguments, lambda: len(list(out.glob('*.npz'))) > 3,
              tmp_path / 'first.log')
    logs = gallery / 'collections' / 'gallery' / 'wal'
    with Gallery.open(str(gallery)) as opened:
        assert len(opened) == 0
    kill_when(arguments, lambda: any(logs.glob('wal_data*')),
              tmp_path / 'second.log')
    run_inline(monkeypatch, TOOL, *arguments)
    assert f'{gallery} has {NUMBER} images' in capsys.readouterr().out
    inferencer = ReIDInferencer(files.checkpoint, device='cpu')
    with Gallery.open(str(gallery), inferencer) as opened:
        assert opened.names() == sorted(map(str, folder.iterdir()))
        for images, features in read_features(out):
            names = [image.name for image in images]
            features /= np.linalg.norm(features, axis=1, keepdims=True)
            np.testing.assert_allclose(
                opened.descriptors(names), features, atol=1e-6)
        # They are known as those of "fusionreid index" are.
        assert not list(opened.missing(opened.images()))
        assert {image.camid for image in opened.images()} == {0, 1, 2}
        assert opened.source == (files.checkpoint, None)


def test_images_that_change_after_a_job(files, tmp_path, monkeypatch):
    """The old descriptor is neither taken for the new image's, nor put in the
    place of that."""
    out, path = tmp_path / 'features', tmp_path / 'people.db'
    folder = tmp_path / 'images'
    first, second = folder / '0.png', folder / '1.png'
    write_image(first, seed=0)
    write_image(second, seed=1)
    command = (TOOL, files.checkpoint, folder, '--out', out, '--gallery', path)
    run_inline(monkeypatch, *command[:-2])
    later = (out / 'job.json').stat().st_mtime_ns + 10**9
    write_image(first, seed=2)
    os.utime(first, ns=(later, later))
    inferencer = ReIDInferencer(files.checkpoint, device='cpu')
    run_inline(monkeypatch, *command)
    with Gallery.open(str(path), inferencer) as gallery:
        assert gallery.names() == [str(first), str(second)]
        missing = list(gallery.missing(str(folder)))
        assert [image.name for image in missing] == [str(first)]
        gallery.add(missing)
        expected = gallery.descriptors(gallery.names())
    run_inline(monkeypatch, *command)
    with Gallery.open(str(path)) as gallery:
        np.testing.assert_array_equal(
            gallery.descriptors(gallery.names()), expected)
        assert not list(gallery.missing(str(folder)))


def test_galleries_that_do_not_fit(files, folder, tmp_path, monkeypatch):
    """They are refused before anything is extracted."""
    out, gallery = tmp_path / 'features', tmp_path / 'people.db'
    arguments = (files.checkpoint, folder, '--out', out, '--gallery', gallery,
                 '--camera-pattern', r'_c(\d)')
    Gallery(str(gallery), NamedModel()).close()
    with pytest.raises(SystemExit, match='holds descriptors of another model'):
        run_inline(monkeypatch, TOOL, *arguments)
    inferencer = ReIDInferencer(files.checkpoint, device='cpu')
    Gallery(
        str(gallery), inferencer, collection='new', new_cameras=True).close()
    with pytest.raises(SystemExit, match='was not told the cameras'):
        run_inline(monkeypatch, TOOL, *arguments, '--collection', 'new')
    with pytest.raises(SystemExit, match='would describe images at random'):
        run_inline(monkeypatch, TOOL, files.config, *arguments[1:],
                   '--collection', 'other')
    assert not out.exists()
