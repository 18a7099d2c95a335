"""What to do about workers of a data loader that died or hang."""
import traceback
from contextlib import contextmanager
from types import TracebackType
from typing import Iterator, Optional

from mmengine.runner import BaseLoop

_DIED = (
    '{loader}: {error}. A signal "Killed" mostly means that the memory ran '
    'out: lower {loader}.num_workers, prefetch_factor or batch_size. "Bus '
    'error" means that shared memory did: enlarge /dev/shm (docker run '
    '--shm-size=8g). tools/misc/doctor.py compares it with what the config '
    'needs.')
_HANGS = (
    'no batch has come from the workers of {loader} for {loader}.timeout '
    'seconds: {error}. Does the file system of the images answer? If it is '
    'only slow, use more workers ({loader}.num_workers) or a longer timeout.')
_THEN = ' --resume goes on from the last checkpoint.'


class WorkerError(RuntimeError):
    """A worker process of a data loader died or hangs."""


@contextmanager
def explaining_worker_errors() -> Iterator[None]:
    """Say which loader it is and what can be done, where PyTorch says that
    there is an error.

    Raises:
        WorkerError: In place of an error of a loader's workers.
    """
    try:
        yield
    except RuntimeError as error:
        message = str(error).strip().rstrip('.')
        if message.startswith('DataLoader timed out'):
            advice = _HANGS
        elif message.startswith('DataLoader worker'):
            advice = _DIED
        else:
            raise
        loader = _running_loader(error.__traceback__) or 'the data loader'
        text = advice.format(loader=loader, error=message)
        if loader == 'train_dataloader':
            text += _THEN
        raise WorkerError(text) from error


def _running_loader(trace: Optional[TracebackType]) -> Optional[str]:
    """The loader of the innermost loop that was running."""
    name = None
    for frame, _ in traceback.walk_tb(trace):
        loop = frame.f_locals.get('self')
        if isinstance(loop, BaseLoop):
            for mode in ('train', 'val', 'test'):
                if getattr(loop.runner, f'_{mode}_loop', None) is loop:
                    name = f'{mode}_dataloader'
    return name
