"""From which checkpoint a run goes on."""
import logging
import re
from pathlib import Path
from typing import List, Optional

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from fusionreid_mm.checkpoint_io import BrokenCheckpoint, read_checkpoint

_LAST = 'last_checkpoint'
_NAME = re.compile(r'(?:epoch|iter)_(\d+)\.pth')


def resume_latest(runner: Runner) -> None:
    """Let a run that has not begun yet go on from the latest whole checkpoint
    of its work dir, all processes from the same; or start from the beginning,
    if there has never been one.

    Args:
        runner (Runner): Before ``train()``.

    Raises:
        ValueError: If there are checkpoints, but none is whole: training does
            not start again over them. Or if the latest is not safe to read.
    """
    found: List[Optional[str]] = [None, None]
    if is_main_process():
        try:
            latest = find_latest_whole(Path(runner.work_dir))
            found = [None if latest is None else str(latest), None]
        # Whatever it is: the other processes wait for an answer.
        except Exception as error:
            found = [None, str(error)]
    broadcast_object_list(found)
    path, failure = found
    if failure is not None:
        raise ValueError(failure)
    if path is None:
        print_log(
            f'There is nothing to resume in {runner.work_dir}: the training '
            'starts from the beginning.',
            logger='current',
            level=logging.WARNING)
        runner._resume = False
    else:
        runner._resume, runner._load_from = True, path


def find_latest_whole(work_dir: Path) -> Optional[Path]:
    """The checkpoint that ``last_checkpoint`` names, or the newest before it
    that is whole; None if there has never been one.

    Raises:
        BrokenCheckpoint: If there are some, but none is whole.
        UnsafeCheckpoint: If the one that it comes to is not safe to read.
    """
    last = _last_of(work_dir)
    candidates = _numbered_files(work_dir)
    if last is not None:
        # The folder may have been moved since its path was written down.
        here = work_dir / last.name
        last = here if here.exists() else last
        candidates = candidates or _numbered_files(last.parent)
        if last.exists():
            candidates = [last, *_older(candidates, last)]
    broken = []
    for path in candidates:
        try:
            # Those of DeepSpeed are folders.
            if not path.is_dir():
                read_checkpoint(path, 'cpu')
        except BrokenCheckpoint as error:
            broken.append(str(error))
            print_log(
                f'{path} is passed over, for the one before it: {error}',
                logger='current',
                level=logging.WARNING)
        else:
            return path
    if broken or (work_dir / _LAST).exists():
        reasons = '\n  '.join(broken) or f'what {_LAST} names is not there'
        raise BrokenCheckpoint(
            f'none of the checkpoints in {work_dir} is whole:\n  {reasons}\n'
            'To start from the beginning, choose another --work-dir, or move '
            'them away.')
    return None


def _last_of(work_dir: Path) -> Optional[Path]:
    """What MMEngine wrote down, which may be cut short."""
    file = work_dir / _LAST
    text = file.read_text(errors='replace').strip() if file.is_file() else ''
    return Path(text) if text else None


def _numbered_files(folder: Path) -> List[Path]:
    """All that a run writes as it goes, the newest first."""
    return sorted(
        (path for path in folder.glob('*.pth') if _number(path) >= 0),
        key=_number,
        reverse=True)


def _older(candidates: List[Path], last: Path) -> List[Path]:
    """Those before it: later ones are of an earlier run in the same folder."""
    return [path for path in candidates if _number(path) < _number(last)]


def _number(path: Path) -> int:
    """The epoch or iteration; -1 where the name does not say it."""
    match = _NAME.fullmatch(path.name)
    return int(match[1]) if match else -1
