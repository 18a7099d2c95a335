"""Draw a pedestrian ReID dataset in the layout of a real one.

Example:

    python tools/dataset_converters/make_synthetic_reid.py data/synthetic \
        --layout market1501 --sheet synthetic_sheet.jpg
"""
import argparse
import sys
import time
from pathlib import Path
from typing import Any, Dict

from fusionreid_mm.datasets.synthetic import (LAYOUTS, DatasetSettings,
                                              OutputFolderError, SettingError,
                                              draw_contact_sheet, find_dataset,
                                              make_synthetic_reid)

SHEET_PEOPLE = 8
SECONDS_BETWEEN_REPORTS = 5.0

# Options of the command, by the setting of the library that they fill in.
OPTIONS = {
    'layout': '--layout',
    'seed': '--seed',
    'difficulty': '--difficulty',
    'num_train_pids': '--train-pids',
    'num_test_pids': '--test-pids',
    'num_cameras': '--cameras',
    'images_per_camera': '--images-per-camera',
    'num_distractors': '--distractors',
    'num_junk': '--junk',
}


def parse_args() -> argparse.Namespace:
    usual = DatasetSettings()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', type=Path, help='folder of the dataset')

    def add(name: str, **kwargs: Any) -> None:
        kwargs.setdefault('default', getattr(usual, name))
        parser.add_argument(OPTIONS[name], dest=name, **kwargs)

    add('layout',
        choices=list(LAYOUTS),
        help='whose folders and file names (default: %(default)s)')
    add('seed',
        type=int,
        metavar='N',
        help='seed of all chance, 0 to 2**32 - 1 (default: %(default)s)')
    add('difficulty',
        type=float,
        metavar='LEVEL',
        help='how hard it is to tell people apart, 0.0 to 1.0 '
        '(default: %(default)s)')
    add('num_train_pids',
        type=int,
        metavar='N',
        help='people to train on, 1 to 2000 (default: %(default)s)')
    add('num_test_pids',
        type=int,
        metavar='N',
        help='people to test on, 1 to 2000 (default: %(default)s)')
    add('num_cameras',
        type=int,
        default=None,
        metavar='N',
        help='cameras, 2 to as many as the layout can name: 9 in those of '
        'Market-1501 and DukeMTMC-reID, 2 in that of CUHK03, 15 in those of '
        'MSMT17, 20 in others (default: 6, or as many as that)')
    add('images_per_camera',
        type=int,
        metavar='N',
        help='images of each person by each camera, 2 to 50; the first one '
        'of a test person is a query (default: %(default)s)')
    add('num_distractors',
        type=int,
        default=None,
        metavar='N',
        help='gallery images of people whom nobody looks for, 0 to 5000; '
        'layouts without them have none (default: a tenth of the gallery)')
    add('num_junk',
        type=int,
        default=None,
        metavar='N',
        help='badly cut gallery images with the pid -1, 0 to 5000; only '
        'the layouts of Market-1501 have them (default: a twentieth of the '
        'gallery)')
    parser.add_argument(
        '--workers',
        type=int,
        metavar='N',
        help='processes that draw, 1 or more; they do not change any file '
        '(default: one per core)')
    parser.add_argument(
        '--sheet',
        type=Path,
        metavar='FILE',
        help='also write a picture, .jpg or .png, that shows some people '
        '(rows) under all cameras (columns)')
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace a dataset of this tool that is in the folder; only '
        'files that it wrote are deleted')
    args = parser.parse_args()
    if args.sheet and args.sheet.suffix not in ('.jpg', '.png'):
        parser.error(f'--sheet must end in .jpg or .png, got {args.sheet}')
    if args.workers is not None and args.workers < 1:
        parser.error(f'--workers must be 1 or more, got {args.workers}')
    try:
        args.settings = DatasetSettings(
            **{name: getattr(args, name)
               for name in OPTIONS})
    except SettingError as error:
        parser.error(error.describe(OPTIONS[error.name]))
    return args


class ProgressReport:
    """Prints how far the drawing is and when it will be done."""

    def __init__(self) -> None:
        self.start = self.last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < total and now - self.last < SECONDS_BETWEEN_REPORTS:
            return
        self.last = now
        left = (now - self.start) / done * (total - done)
        print(
            f'{done}/{total} images ({100 * done // total} %), '
            f'{left:.0f} s left',
            flush=True)


def print_summary(root: Path, info: Dict[str, Any]) -> None:
    for part, counts in info['counts'].items():
        print(f'{part:8s}{counts["pids"]:6d} people{counts["images"]:8d} '
              'images')
    if info['num_junk']:
        print(f'{"junk":8s}{info["num_junk"]:21d} images, not counted')
    print(f'{info["layout"]} dataset, difficulty {info["difficulty"]}, '
          f'{info["num_cameras"]} cameras: {root.resolve()}')


def check_sheet(path: Path) -> None:
    """Refuse to write a contact sheet over a file before hours of drawing."""
    if path.exists():
        raise OutputFolderError(
            f'--sheet {path} exists: name another file, or remove it')


def write_sheet(path: Path, root: Path, settings: DatasetSettings) -> None:
    """Write the contact sheet, but never over another file."""
    page = draw_contact_sheet(root, settings, SHEET_PEOPLE, path.suffix)
    if not path.exists() or path.read_bytes() != page:
        check_sheet(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page)
    print(f'contact sheet: {path.resolve()}')


def main() -> None:
    args = parse_args()
    if find_dataset(args.out, args.settings):
        print(f'{args.out} already holds exactly this dataset: nothing to do')
    elif args.sheet:
        check_sheet(args.sheet)
    info = make_synthetic_reid(
        args.out,
        num_workers=args.workers,
        overwrite=args.overwrite,
        progress=ProgressReport(),
        **args.settings.as_dict())
    if args.sheet:
        write_sheet(args.sheet, args.out, args.settings)
    print_summary(args.out, info)


if __name__ == '__main__':
    try:
        main()
    except OutputFolderError as error:
        sys.exit(f'error: {error}')
    except KeyboardInterrupt:
        sys.exit('interrupted: the same command again draws it anew')
