"""Trainings that write down what they do, and that die on the way."""
import json
import os
import runpy
import signal
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer

from fusionreid_mm.checkpoint_io import atomic_write, read_checkpoint
from fusionreid_mm.registry import HOOKS
from .tools import TOOLS

# Seconds after which a process that nobody was to kill hangs.
_DEADLINE = 600


@HOOKS.register_module(force=True)
class Recorder(Hook):
    """Appends to a file of each process which images an iteration has seen
    and what came out. ``DIE_AT=rank:step`` in the environment kills a process
    as :func:`die_at` does."""

    def before_run(self, runner) -> None:
        work_dir = Path(runner.work_dir)
        self.path = work_dir / f'record_{get_rank()}.jsonl'
        rank, _, step = os.environ.get('DIE_AT', '').partition(':')
        if rank == str(get_rank()):
            die_at(int(step))

    def write(self, *what) -> None:
        with open(self.path, 'a', encoding='utf-8') as file:
            file.write(json.dumps(what) + '\n')

    def after_train_iter(self, runner, batch_idx, data_batch, outputs) -> None:
        names = [Path(s.img_path).name for s in data_batch['data_samples']]
        losses = {k: float(v.detach()).hex() for k, v in outputs.items()}
        pixels = sum(int(image.sum()) for image in data_batch['inputs'])
        self.write('train', runner.iter, names, pixels, losses)

    def after_val_epoch(self, runner, metrics) -> None:
        self.write(
            'val', runner.epoch, {
                key: float(value).hex()
                for key, value in metrics.items() if 'time' not in key
            })


def records(work_dir: Path, rank: int = 0) -> Dict[tuple, Any]:
    """What was written down of each iteration and validation. Those that were
    gone through twice must have been the same both times."""
    found: Dict[tuple, Any] = {}
    for line in (work_dir / f'record_{rank}.jsonl').read_text().splitlines():
        kind, number, *what = json.loads(line)
        assert found.setdefault((kind, number), what) == what
    return found


def die_at(step: int) -> None:
    """Kill this process in one of the steps by which files are written and
    removed: half-way in a file, before it is flushed, before it has its name,
    before an old one is removed."""
    steps_left = step

    def count(*args) -> None:
        nonlocal steps_left
        steps_left -= 1
        if steps_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    class HalfWay:

        def __init__(self, path, mode) -> None:
            self.file = open(path, mode)

        def __enter__(self):
            return self

        def __exit__(self, *args) -> None:
            self.file.close()

        def __getattr__(self, name: str):
            return getattr(self.file, name)

        def write(self, content: bytes) -> None:
            self.file.write(content[:len(content) // 2])
            self.file.flush()
            count()
            self.file.write(content[len(content) // 2:])

    def counted(function):

        def call(*args, **kwargs):
            count()
            return function(*args, **kwargs)

        return call

    setattr(atomic_write, 'open', HalfWay)
    for name in ('fsync', 'replace', 'remove'):
        setattr(os, name, counted(getattr(os, name)))


def train_in_fork(config: Path,
                  work_dir: Path,
                  *options,
                  ranks: int = 1,
                  seconds: Optional[float] = None,
                  step: Optional[int] = None) -> int:
    """Run ``tools/train.py`` in processes that need not import anything.

    Args:
        config (Path): The config.
        work_dir (Path): Of the run; ``console.log`` there has its output.
        options: More of the command line.
        ranks (int): How many processes. Defaults to 1.
        seconds (float, optional): When to kill them.
        step (int, optional): In which step of writing the first one dies.

    Returns:
        int: The exit status of the first to fail, negative for a signal, or 0.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    environment = {} if step is None else dict(DIE_AT=f'0:{step}')
    if ranks > 1:
        options += ('--launcher', 'pytorch')
        environment.update(
            WORLD_SIZE=str(ranks),
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=str(free_port()))
    arguments = [str(config), '--work-dir', str(work_dir), *map(str, options)]
    running = {
        _fork(work_dir / 'console.log', arguments,
              dict(environment, RANK=str(rank), LOCAL_RANK=str(rank)))
        for rank in range(ranks)
    }
    end = time.monotonic() + (_DEADLINE if seconds is None else seconds)
    result = 0
    while running:
        for pid in list(running):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                running.remove(pid)
                result = result or os.waitstatus_to_exitcode(status)
        if result or time.monotonic() > end:
            for pid in running:
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return result


def _fork(log: Path, arguments: List[str], environment: Dict[str, str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        console = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(console, number)
        sys.stdout = open(1, 'w', closefd=False)
        sys.stderr = open(2, 'w', closefd=False)
        os.environ.update(environment)
        sys.argv = [str(TOOLS / 'train.py'), *arguments]
        runpy.run_path(sys.argv[0], run_name='__main__')
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def comparable(path: Path) -> Any:
    """All of a checkpoint but times and paths, so that ``==`` compares it to
    the last bit."""
    return _plain(read_checkpoint(path))


_OF_THE_RUN = ('time', 'memory', 'eta', 'cfg', 'experiment_name')


def _plain(value: Any, key: str = '') -> Any:
    if isinstance(value, dict):
        return {
            name: _plain(item, str(name))
            for name, item in value.items()
            if not any(word in str(name) for word in _OF_THE_RUN)
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, HistoryBuffer):
        return [array.tolist() for array in value.data]
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape, value.numpy().tobytes()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    is_path = isinstance(value, str) and '_ckpt' in key
    return Path(value).name if is_path else value
