import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn_data import write_image
from helpers.interrupted import free_port
from helpers.small_checkpoint import SmallFiles, write_small_files
from helpers.tools import TOOLS, run_inline
from helpers.videos import write_video

from fusionreid_mm.apis import ReIDInferencer, read_features

TOOL = 'extract_features.py'
NUM_IMAGES = 120


@pytest.fixture(scope='module')
def files(tmp_path_factory) -> SmallFiles:
    return write_small_files(tmp_path_factory.mktemp('small'))


@pytest.fixture(scope='module')
def images(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('images')
    for i in range(NUM_IMAGES):
        write_image(folder / f'{i:04d}_c{i % 3 + 1}.jpg', seed=i)
    return folder


def start(*command, **environment) -> subprocess.Popen:
    return subprocess.Popen(
        list(map(str, command)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', **environment))


class TestManyProcesses:

    def test_killed_and_started_again(self, files, images, tmp_path,
                                      monkeypatch):
        """Nothing is lost, nothing is done twice, and the result is what one
        process that nobody kills makes."""
        options = ('--camera-pattern', r'_c(\d+)', '--chunk-size', 2)
        run_inline(monkeypatch, TOOL, files.checkpoint, images, '--out',
                   tmp_path / 'alone', *options)
        arguments = (TOOLS / TOOL, files.checkpoint, images, '--out',
                     tmp_path / 'shared', *options, '--launcher', 'pytorch')
        processes = [
            start(
                sys.executable,
                *arguments,
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE='2') for rank in range(2)
        ]
        first = self.wait_for_files(tmp_path / 'shared', processes)
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert [process.returncode
                for process in processes] == [-signal.SIGKILL] * 2
        before = self.contents(tmp_path / 'shared')
        assert 0 < first <= len(before) < NUM_IMAGES / 2
        with pytest.raises(ValueError, match='not finished'):
            read_features(tmp_path / 'shared')

        again = start(sys.executable, '-m', 'torch.distributed.run',
                      '--nproc_per_node', 2, '--master_port', free_port(),
                      *arguments)
        output, _ = again.communicate()
        assert again.returncode == 0, output
        # Of the first process of the machine alone.
        assert output.count(f'{NUM_IMAGES} descriptors of 152 numbers') == 1
        after = self.contents(tmp_path / 'shared')
        # Neither written again nor changed.
        assert before.items() <= after.items()
        assert {
            name: content
            for name, (content, _) in after.items()
        } == {
            name: content
            for name, (content,
                       _) in self.contents(tmp_path / 'alone').items()
        }

    def wait_for_files(self, folder, processes):
        while True:
            number = len(list(folder.glob('*.npz')))
            if number:
                return number
            for process in processes:
                assert process.poll() is None, process.communicate()
            time.sleep(.005)

    def contents(self, folder):
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in folder.glob('*.npz')
        }


class TestOneProcess:

    def test_config_and_weights(self, files, images, tmp_path, monkeypatch,
                                capsys):
        monkeypatch.chdir(tmp_path)
        run_inline(monkeypatch, TOOL, *files, f'{images}/000*.jpg', '--out',
                   'a', '--batch-size', 4)
        assert '10 descriptors of 152 numbers are in a' in \
            capsys.readouterr().out
        (found, features), = read_features('a')
        assert [Path(image.name).name for image in found
                ] == [f'000{i}_c{i % 3 + 1}.jpg' for i in range(10)]
        assert {image.camid for image in found} == {None}
        inferencer = ReIDInferencer(*files, device='cpu')
        np.testing.assert_array_equal(
            features, inferencer([image.name for image in found],
                                 batch_size=4))

    def test_people_in_a_video(self, files, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        write_video(Path('walk.avi'))
        Path('people.csv').write_text('frame,x,y,width,height,camid\n'
                                      '3,40,0,20,40,1\n12,0,0,20,40,\n')
        run_inline(monkeypatch, TOOL, files.checkpoint, 'walk.avi', '--boxes',
                   'people.csv', '--out', 'a')
        (found, features), = read_features('a')
        assert [tuple(image) for image in found
                ] == [('walk.avi#frame=3&xywh=40,0,20,40', 1, .3),
                      ('walk.avi#frame=12&xywh=0,0,20,40', None, 1.2)]
        assert len(features) == 2

    def test_bad_images(self, files, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        for i in range(3):
            write_image(Path(f'images/{i}.jpg'), seed=i)
        Path('images/1.jpg').write_bytes(b'words')
        with pytest.raises(SystemExit, match='^error: .*images/1.jpg'):
            run_inline(monkeypatch, TOOL, files.checkpoint, 'images', '--out',
                       'a')
        run_inline(monkeypatch, TOOL, files.checkpoint, 'images', '--out', 'a',
                   '--skip-bad-images')
        output = capsys.readouterr().out
        assert 'left out: images/1.jpg\n2 descriptors' in output

    @pytest.mark.parametrize('arguments, message', [
        (('absent.pth', 'a.jpg'), 'absent.pth'),
        (('CHECKPOINT', 'absent'), "no file or folder 'absent'"),
        (('CHECKPOINT', 'a.jpg', '--camera-pattern', '('), 'camera_pattern'),
        (('CHECKPOINT', 'a.jpg', '--boxes', 'b.csv'), 'boxes belong to a vid'),
        (('CHECKPOINT', 'CHECKPOINT', 'a.jpg'), 'is a checkpoint already'),
        (('CHECKPOINT', 'a.jpg', '--batch-size', '0'), 'got 0'),
        (('fusionreid_tiny_synthetic', 'a.jpg'), 'a model without weights'),
    ])
    def test_mistakes(self, files, tmp_path, monkeypatch, arguments, message):
        monkeypatch.chdir(tmp_path)
        write_image(Path('a.jpg'))
        arguments = [
            files.checkpoint if text == 'CHECKPOINT' else text
            for text in arguments
        ]
        with pytest.raises(SystemExit, match=f'^error: .*{message}'):
            run_inline(monkeypatch, TOOL, *arguments, '--out', 'a')

    def test_a_damaged_file(self, files, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        write_image(Path('a.jpg'))
        command = TOOL, files.checkpoint, 'a.jpg', '--out', 'a'
        run_inline(monkeypatch, *command)
        Path('a/features_000000.npz').write_bytes(b'')
        with pytest.raises(SystemExit, match='^error: .*: delete it, and'):
            run_inline(monkeypatch, *command)

    @pytest.mark.parametrize('launcher, name', [
        ('pytorch', 'LOCAL_RANK'),
        ('slurm', 'SLURM_LOCALID'),
        ('mpi', 'OMPI_COMM_WORLD_LOCAL_RANK'),
    ])
    def test_each_process_has_a_gpu(self, monkeypatch, launcher, name):
        tool = runpy.run_path(str(TOOLS / TOOL))
        monkeypatch.setattr('torch.cuda.device_count', lambda: 4)
        devices = []
        for rank in range(6):
            monkeypatch.setenv(name, str(rank))
            for options in (('--launcher', launcher), (), ('--device', 'cpu')):
                monkeypatch.setattr(sys, 'argv',
                                    [TOOL, 'a', 'b', '--out', 'c', *options])
                devices.append(tool['device_of'](tool['parse_args']()))
        assert devices[::3] == [
            'cuda:0', 'cuda:1', 'cuda:2', 'cuda:3', 'cuda:0', 'cuda:1'
        ]
        assert set(devices[1::3]) == {None}
        assert set(devices[2::3]) == {'cpu'}
