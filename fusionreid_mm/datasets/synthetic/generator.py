"""Draws a whole dataset, with several processes."""
import itertools
import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Union

import cv2

from .difficulty import Difficulty
from .output_folder import OutputFolder
from .photograph import Photographer
from .plan import Picture, Plan, plan_dataset
from .settings import DatasetSettings, SettingError

__all__ = ['find_dataset', 'make_synthetic_reid']

# Called with the number of finished pictures and the number of all.
Progress = Callable[[int, int], None]


def make_synthetic_reid(out: Union[str, Path],
                        layout: str = DatasetSettings.layout,
                        *,
                        num_workers: Optional[int] = None,
                        overwrite: bool = False,
                        progress: Optional[Progress] = None,
                        **settings: Any) -> Dict[str, Any]:
    """Draw a person re-identification dataset and write it as image files.

    Every file depends on the settings alone, not on the number of processes.
    If ``out`` already holds exactly this dataset, nothing is drawn.

    Args:
        out (str | Path): Folder of the dataset; made if it does not exist.
        layout (str): A key of :data:`.layouts.LAYOUTS`.
        num_workers (int, optional): Processes that draw, 1 or more. Defaults
            to the number of cores that this process may use.
        overwrite (bool): Whether an earlier synthetic dataset in ``out`` may
            be deleted. Files of others never are.
        progress (Callable, optional): Called now and then with the number of
            pictures that are written and the number of all.
        **settings: The other fields of :class:`.DatasetSettings`.

    Returns:
        dict: The content of ``dataset_info.json``.

    Raises:
        SettingError: If a setting is outside of its range.
        OutputFolderError: If ``out`` holds something else.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     info = make_synthetic_reid(
        ...         folder, num_train_pids=2, num_test_pids=2, num_cameras=2,
        ...         images_per_camera=2, num_workers=1)
        >>> info['counts']['train']
        {'pids': 2, 'images': 8}
    """
    wanted = DatasetSettings(layout=layout, **settings)
    if num_workers is not None and num_workers < 1:
        raise SettingError('num_workers', '1 or more', num_workers)
    plan = plan_dataset(wanted)
    folder = OutputFolder(Path(out), wanted, plan)
    info = folder.finished_info()
    if info is None:
        folder.claim(overwrite)
        _draw(folder, num_workers or _usable_cores(), progress)
        info = folder.finish()
    return info


def find_dataset(root: Union[str, Path],
                 settings: DatasetSettings) -> Optional[Dict[str, Any]]:
    """Return the info of exactly this dataset if it is there, else None."""
    plan = plan_dataset(settings)
    return OutputFolder(Path(root), settings, plan).finished_info()


def _usable_cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _draw(folder: OutputFolder, num_workers: int,
          progress: Optional[Progress]) -> None:
    """Take and write all pictures, those of a person by one process."""
    tasks = list(_by_person(folder.plan))
    total, done = len(folder.plan.pictures), 0
    for number in _work(folder, tasks, min(num_workers, len(tasks))):
        done += number
        if progress:
            progress(done, total)


def _by_person(plan: Plan) -> Iterator[List[Picture]]:
    for _, pictures in itertools.groupby(
            plan.pictures, key=lambda picture: picture.shot.person):
        yield list(pictures)


def _work(folder: OutputFolder, tasks: List[List[Picture]],
          num_workers: int) -> Iterator[int]:
    """Yield the number of pictures of each task when it is done."""
    if num_workers == 1:
        worker = _Worker(folder)
        yield from map(worker.write, tasks)
        return
    with multiprocessing.Pool(num_workers, _start_worker, (folder, )) as pool:
        yield from pool.imap_unordered(_write_pictures, tasks)


class _Worker:
    """Takes pictures and writes them below the root of the dataset."""

    def __init__(self, folder: OutputFolder) -> None:
        settings = folder.settings
        self.root = folder.root
        self.photographer = Photographer(
            settings.seed, Difficulty.from_level(settings.difficulty))

    def write(self, pictures: List[Picture]) -> int:
        """Write pictures and return their number."""
        for picture in pictures:
            path = self.root / picture.path
            path.write_bytes(
                self.photographer.take(picture.shot, picture.size,
                                       path.suffix))
        return len(pictures)


_worker: Optional[_Worker] = None


def _start_worker(folder: OutputFolder) -> None:
    """Prepare a process; Ctrl-C is for its parent to handle."""
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
    _worker = _Worker(folder)


def _write_pictures(pictures: List[Picture]) -> int:
    assert _worker is not None, 'the pool starts its workers first'
    return _worker.write(pictures)
