import multiprocessing
import os
import signal
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_data import write_image
from helpers.interrupted import die_at
from helpers.small_checkpoint import write_small_files

from fusionreid_mm.apis import (ReIDInferencer, extract_features, left_out,
                                read_features, read_job)
from fusionreid_mm.sources import PersonImage, UnreadableImageError

CONTEXT = multiprocessing.get_context('fork')


class Describer:
    """Does what an inferencer does: the length of a name and its camera, and
    a line in a file for each image."""

    descriptor_size = 2

    def __init__(self, log: Path, fingerprint='abc', before=lambda: None):
        self.log, self.fingerprint, self.before = log, fingerprint, before

    def stream(self, images, batch_size, on_bad_image):
        for start in range(0, len(images), batch_size):
            batch = images[start:start + batch_size]
            for image in batch:
                self.before()
                with open(self.log, 'a', errors='surrogateescape') as file:
                    file.write(f'{image.name}\n')
            yield batch, np.array([[len(image.name), image.camid or 0]
                                   for image in batch], np.float32)

    @property
    def described(self):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return sorted(lines)


IMAGES = [
    PersonImage('a.jpg' * (i + 1), i % 3 or None, i / 2 if i % 4 else None)
    for i in range(10)
]
EXPECTED = np.array([[len(image.name), image.camid or 0] for image in IMAGES],
                    np.float32)


@pytest.fixture
def describer(tmp_path):
    return Describer(tmp_path / 'log')


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'features'


@pytest.fixture
def extract(describer, folder):

    def extract(images=IMAGES, describer=describer, **options):
        options = dict(dict(chunk_size=4, batch_size=3), **options)
        return extract_features(describer, images, folder, **options)

    return extract


def check(folder):
    parts = list(read_features(folder))
    assert [len(images) for images, _ in parts] == [4, 4, 2]
    assert sum((images for images, _ in parts), []) == IMAGES
    np.testing.assert_array_equal(
        np.concatenate([features for _, features in parts]), EXPECTED)
    assert not list(folder.glob('*.part'))


class TestFiles:

    def test_what_is_read_was_written(self, extract, folder, describer):
        job = extract()
        check(folder)
        assert describer.described == sorted(x.name for x in IMAGES)
        assert job == read_job(folder)
        assert (job.fingerprint, job.descriptor_size, job.num_images,
                job.num_chunks) == ('abc', 2, 10, 3)
        assert left_out(folder) == []

    def test_anybody_can_read_them(self, extract, folder):
        extract()
        with np.load(folder / 'features_000002.npz') as file:
            assert file['names'].tolist() == [x.name for x in IMAGES[8:]]
            assert file['camids'].tolist() == [2, -1]
            assert np.isnan(file['times'][0]) and file['times'][1] == 4.5
            assert file['features'].dtype == np.float32

    def test_odd_names(self, extract, folder):
        images = [
            PersonImage(
                os.fsdecode(b'\xff.jpg'), np.int64(3), np.float32(1.5)),
            PersonImage('名, "x"\n.jpg')
        ]
        extract(images)
        (found, _), = read_features(folder)
        assert found == images

    def test_what_inferencers_give(self, tmp_path, folder):
        paths = [tmp_path / f'images/{i}.jpg' for i in range(7)]
        for seed, path in enumerate(paths):
            write_image(path, seed)
        files = write_small_files(tmp_path / 'small')
        inferencer = ReIDInferencer(files.checkpoint, device='cpu')
        job = extract_features(
            inferencer,
            tmp_path / 'images',
            folder,
            batch_size=2,
            chunk_size=4)
        features = np.concatenate([x for _, x in read_features(folder)])
        # Batches are those of each file: of 2 and 2, and of 2 and 1.
        np.testing.assert_array_equal(
            features,
            np.concatenate([
                inferencer(paths[start:start + 4], batch_size=2)
                for start in (0, 4)
            ]))
        assert job.fingerprint == inferencer.fingerprint
        paths[5].write_bytes(b'words')
        with pytest.raises(UnreadableImageError, match='5.jpg'):
            extract_features(inferencer, paths, tmp_path / 'other', 32, 5)
        extract_features(
            inferencer,
            paths,
            tmp_path / 'other',
            chunk_size=5,
            on_bad_image='skip')
        assert left_out(tmp_path / 'other') == [str(paths[5])]
        assert [[Path(image.name).stem for image in images]
                for images, _ in read_features(tmp_path / 'other')
                ] == [list('01234'), ['6']]

    def test_a_file_of_bad_images_alone(self, folder, tmp_path):
        paths = [tmp_path / f'{i}.jpg' for i in range(2)]
        for path in paths:
            path.write_bytes(b'words')
        files = write_small_files(tmp_path / 'small')
        inferencer = ReIDInferencer(files.checkpoint, device='cpu')
        extract_features(inferencer, paths, folder, on_bad_image='skip')
        (images, features), = read_features(folder)
        assert images == []
        assert features.shape == (0, inferencer.descriptor_size)
        assert left_out(folder) == [str(path) for path in paths]


class TestAgain:

    def test_only_what_is_missing_is_done(self, extract, folder, describer):
        extract()
        describer.log.unlink()
        extract()
        assert describer.described == []
        (folder / 'features_000001.npz').unlink()
        with pytest.raises(ValueError, match='not finished, 1 of 3 files'):
            read_features(folder)
        extract(batch_size=1)
        assert describer.described == [x.name for x in IMAGES[4:8]]
        check(folder)

    @pytest.mark.parametrize('change, message', [
        (dict(describer=Describer(Path('log'), 'xyz')), 'by another model'),
        (dict(images=IMAGES[:9]), 'of 10 images, and these are 9'),
        (dict(images=IMAGES[::-1]), 'other images are listed'),
        (dict(images=[*IMAGES[:9], IMAGES[9]._replace(camid=7)]),
         'other images are listed.*with other cameras'),
        (dict(images=[*IMAGES[:9], IMAGES[9]._replace(time=7.)]),
         'other images are listed'),
        (dict(chunk_size=5), 'its chunk_size is 4'),
    ])
    def test_another_job_is_refused(self, extract, folder, change, message):
        extract()
        before = {path: path.read_bytes() for path in folder.iterdir()}
        with pytest.raises(
                ValueError, match=f'another job in .*features: .*{message}'):
            extract(**change)
        assert before == {path: path.read_bytes() for path in folder.iterdir()}

    def test_mistakes(self, extract, folder):
        with pytest.raises(ValueError, match='no images'):
            extract([])
        with pytest.raises(ValueError, match='chunk_size must be at least 1'):
            extract(chunk_size=0)
        with pytest.raises(ValueError, match='batch_size must be at least 1'):
            extract(batch_size=0)
        with pytest.raises(ValueError, match="'raise' or 'skip': got 'no'"):
            extract(on_bad_image='no')
        assert not folder.exists()

    @pytest.mark.parametrize('content, message', [
        ('{"version": 2}', 'its version is 2, not 1'),
        ('{"version": 1, "a": 3}', 'unexpected keyword'),
        ('[]', 'is no job of extraction'),
        ('words', 'is no job of extraction'),
    ])
    def test_what_is_no_job(self, extract, folder, content, message):
        with pytest.raises(FileNotFoundError, match='it has no job.json'):
            read_features(folder)
        folder.mkdir()
        (folder / 'job.json').write_text(content)
        for function in (extract, lambda: read_features(folder)):
            with pytest.raises(ValueError, match=f'job.json.*{message}'):
                function()

    def test_damaged_files(self, extract, folder, tmp_path):
        extract()
        path = folder / 'features_000001.npz'
        content = path.read_bytes()
        start = content.index(EXPECTED[4].tobytes())
        harm = content[:start] + b'x' + content[start + 1:]
        for damaged in (content[:100], b'', b'words', harm):
            path.write_bytes(damaged)
            with pytest.raises(
                    ValueError, match='000001.npz is no whole file of'):
                list(read_features(folder))
        path.write_bytes(content)
        check(folder)

    def test_files_of_another_model(self, extract, folder, tmp_path):
        extract()
        other = Describer(tmp_path / 'log', 'xyz')
        extract_features(other, IMAGES, tmp_path / 'other', chunk_size=4)
        os.replace(tmp_path / 'other/features_000000.npz',
                   folder / 'features_000000.npz')
        with pytest.raises(ValueError, match='000000.npz.*another model'):
            list(read_features(folder))
        with zipfile.ZipFile(folder / 'features_000000.npz') as archive:
            assert 'features.npy' in archive.namelist()


def once(function):
    """The function, which does nothing after the first time."""
    calls = iter([function])
    return lambda: next(calls, lambda: None)()


def start(function, *args):
    process = CONTEXT.Process(target=function, args=args)
    process.start()
    return process


class TestProcesses:

    def test_killed_at_any_moment(self, extract, folder, describer):
        """In each step of writing each file."""

        def run(step):
            die_at(step)
            extract()

        for step in range(1, 1000):
            for path in folder.glob('*'):
                path.unlink()
            process = start(run, step)
            process.join()
            if process.exitcode == 0:
                break
            assert process.exitcode == -signal.SIGKILL
            there = len(list(folder.glob('*.npz')))
            describer.log.unlink(missing_ok=True)
            extract()
            assert describer.described == [
                image.name for image in IMAGES[4 * there:]
            ]
            check(folder)
        # Four files, each in several steps.
        assert step > 4 * 3

    @pytest.mark.parametrize('num_processes', [2, 3])
    def test_share_the_work(self, folder, tmp_path, num_processes):
        """Each image is described once, whoever does it."""
        # None goes on before all have something to do.
        barrier = CONTEXT.Barrier(num_processes, timeout=100)
        describers = [
            Describer(tmp_path / f'log_{i}', before=once(barrier.wait))
            for i in range(num_processes)
        ]
        processes = [
            start(extract_features, describer, IMAGES, folder, 3, 4)
            for describer in describers
        ]
        for process in processes:
            process.join()
            assert process.exitcode == 0
        check(folder)
        shares = [describer.described for describer in describers]
        assert sorted(sum(shares, [])) == sorted(x.name for x in IMAGES)
        assert all(shares)

    def test_what_a_killed_one_had_begun_is_done_by_others(
            self, folder, tmp_path):
        begun = CONTEXT.Event()

        def begin():
            begun.set()
            time.sleep(100)

        slow = Describer(tmp_path / 'slow', before=begin)
        first = start(extract_features, slow, IMAGES, folder, 3, 4)
        assert begun.wait(100)
        quick = Describer(tmp_path / 'quick')
        second = start(extract_features, quick, IMAGES, folder, 3, 4)
        while len(list(folder.glob('*.npz'))) < 2:
            time.sleep(.01)
        second.join(timeout=.5)
        # It waits for what the first one does.
        assert second.is_alive()
        assert quick.described == sorted(x.name for x in IMAGES[4:])
        os.kill(first.pid, signal.SIGKILL)
        first.join()
        second.join()
        assert second.exitcode == 0
        assert quick.described == sorted(x.name for x in IMAGES)
        check(folder)
