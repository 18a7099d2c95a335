"""Write a CSV file with roles for images that have none yet.

Some people are to train on; of each other one an image by each camera is a
query, and all other images are in the gallery.

Example:

    python tools/dataset_converters/draw_reid_roles.py photos data/mine.csv
"""
import argparse
import csv
import sys
from collections import Counter
from pathlib import Path
from typing import Dict, List

from fusionreid_mm.datasets.role_drawing import draw_roles
from fusionreid_mm.sources import is_image, read_table

COLUMNS = ('path', 'pid', 'role', 'camid', 'viewid')


class InputError(Exception):
    """There is nothing that roles could be drawn for."""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'images',
        type=Path,
        help='a folder with one for each person in it, or a CSV file with '
        'the columns path, pid and, where they are known, camid and viewid')
    parser.add_argument(
        'out',
        type=Path,
        help='CSV file to write, for CSVReIDDataset; its paths start from '
        'the folder that images is, or lies in')
    parser.add_argument(
        '--train-share',
        type=float,
        default=0.5,
        metavar='SHARE',
        help='share of the people to train on, 0.0 to 1.0 '
        '(default: %(default)s)')
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        metavar='N',
        help='seed of the draw (default: %(default)s)')
    args = parser.parse_args()
    if not 0 <= args.train_share <= 1:
        parser.error(f'--train-share must be from 0 to 1, got '
                     f'{args.train_share}')
    return args


def read_images(source: Path) -> List[Dict[str, str]]:
    """Return the images of a folder or a table, by column."""
    if not source.is_dir():
        table = [fields for _, fields in read_table(source, ('path', 'pid'))]
        if not table or 'role' in table[0]:
            raise InputError(f'{source} lists no images, or has their roles')
        return table
    images = [
        dict(
            path=path.relative_to(source).as_posix(),
            pid=path.relative_to(source).parts[0])
        for path in filter(is_image, sorted(source.glob('*/**/*')))
    ]
    if not images:
        raise InputError(f'{source} has no folders of people with images')
    return images


def main() -> None:
    args = parse_args()
    if args.out.exists():
        raise InputError(f'{args.out} exists: name another file, or remove it')
    images = read_images(args.images)
    roles = draw_roles([image['pid'] for image in images],
                       [image.get('camid', '') for image in images],
                       args.train_share, args.seed)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with open(args.out, 'w', encoding='utf-8', newline='') as file:
        columns = [
            name for name in COLUMNS if name == 'role' or name in images[0]
        ]
        table = csv.DictWriter(file, columns, extrasaction='ignore')
        table.writeheader()
        table.writerows(
            dict(image, role=role) for image, role in zip(images, roles))
    for role, number in Counter(roles).items():
        people = {i['pid'] for i, r in zip(images, roles) if r == role}
        print(f'{role:8s}{len(people):6d} people{number:8d} images')


if __name__ == '__main__':
    try:
        main()
    except (InputError, OSError, ValueError) as error:
        sys.exit(f'error: {error}')
