"""Workers that die or hang end a run, and tell what to do."""
import os
import subprocess
import sys

import pytest
from helpers.golden import ROOT
from helpers.small_run import small_run_cfg, write_small_data
from helpers.tools import run_inline

from fusionreid_mm.engine.worker_errors import (WorkerError,
                                                explaining_worker_errors)


@pytest.fixture
def config(tmp_path):
    """Write a config in which the workers of a loader fail at a person."""
    data_root = write_small_data(tmp_path / 'data')

    def write(loader, failure, pid):
        cfg = small_run_cfg(
            data_root,
            tmp_path / 'run',
            train_dataloader__num_workers=1,
            test_dataloader__num_workers=1,
            train_cfg__val_interval=1)
        cfg.custom_imports.imports.append('helpers.small_run')
        for part in ('dataloader', 'evaluator', 'cfg'):
            cfg[f'val_{part}'] = cfg[f'test_{part}']
        pipeline = list(cfg[loader].dataset.pipeline)
        pipeline.insert(1, dict(type='FailInWorker', pid=pid, failure=failure))
        cfg[loader].dataset.pipeline = pipeline
        cfg.dump(tmp_path / 'config.py')
        return tmp_path / 'config.py'

    return write


LOADERS = [('train_dataloader', 4), ('val_dataloader', 21)]


@pytest.mark.parametrize('loader, pid', LOADERS)
def test_a_worker_is_killed(config, loader, pid, monkeypatch):
    with pytest.raises(WorkerError) as error:
        run_inline(monkeypatch, 'train.py', config(loader, 'kill', pid))
    message = str(error.value)
    assert message.startswith(f'{loader}: DataLoader worker (pid')
    assert f'lower {loader}.num_workers' in message
    assert ('--resume' in message) == (loader == 'train_dataloader')
    assert error.value.__cause__ is not None


@pytest.mark.parametrize('loader, pid', LOADERS)
def test_a_worker_hangs(config, loader, pid, monkeypatch):
    with pytest.raises(
            WorkerError,
            match=f'no batch has come from the workers of {loader} for '
            f'{loader}.timeout.*timed out after 2 seconds'):
        run_inline(monkeypatch, 'train.py', config(loader, 'hang', pid),
                   '--cfg-options', f'{loader}.timeout=2')


def test_other_errors_are_left_alone():
    with pytest.raises(RuntimeError, match='^size mismatch$'):
        with explaining_worker_errors():
            raise RuntimeError('size mismatch')


@pytest.mark.slow
def test_two_processes_end(config):
    """One waits for a worker, the other one for the first."""
    path = config('train_dataloader', 'hang', 4)
    done = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--standalone',
        '--nproc_per_node=2', ROOT / 'tools/train.py', path, '--launcher',
        'pytorch', '--cfg-options', 'train_dataloader.timeout=3'
    ],
                          capture_output=True,
                          text=True,
                          timeout=240,
                          env=dict(
                              os.environ,
                              OMP_NUM_THREADS='1',
                              PYTHONPATH=f'{ROOT}:{ROOT}/tests'))
    assert done.returncode
    assert 'WorkerError: ' in done.stderr
    assert 'DataLoader timed out after 3 seconds' in done.stderr
