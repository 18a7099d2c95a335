"""Draw ranked lists from the results of a test, without the model.

Results are what ``tools/test.py --out results.npz`` writes. Examples:

    # the worst queries, one picture each
    python tools/visualization/vis_ranked_lists.py results.npz --out pictures
    # a page of all queries of one person
    python tools/visualization/vis_ranked_lists.py results.npz \
        --names '0042_*' --out lists.html
"""
import argparse
from fnmatch import fnmatch
from pathlib import Path
from typing import Iterator, List

import numpy as np
from PIL import Image

from fusionreid_mm.checkpoint_io import check_writable_folder
from fusionreid_mm.evaluation import QueryResults, RankedList, load_results
from fusionreid_mm.evaluation.metrics import lists_of_results
from fusionreid_mm.visualization import (PAGE_SUFFIXES, HtmlPage,
                                         ReIDVisualizer, check_page_path,
                                         list_tiles, ranked_images)

# What is surely not meant as the name of a folder.
_PICTURES = ('.jpg', '.jpeg', '.pdf', '.png', '.svg')

CHOICES = ('worst', 'best', 'random')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'results', help='results (.npz) of tools/test.py --out')
    parser.add_argument(
        '--out',
        type=Path,
        required=True,
        help='a folder for one picture of each query, or one page (.html)')
    parser.add_argument(
        '--choose',
        default='worst',
        choices=CHOICES,
        help='which queries to draw, by their average precision (default: '
        '%(default)s)')
    parser.add_argument(
        '--names',
        nargs='+',
        metavar='NAME',
        help='only queries whose files are called so; * stands for anything')
    parser.add_argument(
        '--num-queries',
        type=int,
        default=20,
        help='queries at most (default: %(default)s)')
    parser.add_argument(
        '--topk',
        type=int,
        default=10,
        help='gallery images of each query (default: %(default)s)')
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        help='of --choose random (default: %(default)s)')
    args = parser.parse_args()
    if args.num_queries < 1 or args.topk < 1:
        parser.error('--num-queries and --topk must be at least 1')
    return args


def choose_queries(results: QueryResults,
                   args: argparse.Namespace) -> List[int]:
    """Rows of the queries to draw, in the order in which they are drawn.

    Raises:
        ValueError: If there are none.
    """
    if args.choose == 'random':
        rng = np.random.default_rng(args.seed)
        order = rng.permutation(len(results.ap))
    else:
        sign = 1 if args.choose == 'worst' else -1
        # Without a match there is neither good nor bad: those come last.
        order = np.argsort(sign * results.ap, kind='stable')
    names = [Path(path).name for path in results.query_paths.tolist()]
    rows = [
        row for row in order.tolist()
        if args.names is None or is_called(names[row], args.names)
    ]
    if not rows:
        raise ValueError(f'no query of {args.results} is called '
                         f'{" or ".join(args.names)}; there is {names[0]}')
    return rows[:args.num_queries]


def is_called(name: str, patterns: List[str]) -> bool:
    """Whether a file is, with or without its suffix."""
    return any(
        fnmatch(own, pattern) for pattern in patterns
        for own in (name, Path(name).stem))


def describe(results: QueryResults, item: RankedList) -> str:
    """How well a query did."""
    name, row = Path(item.query.path).name, item.number
    if results.first_match_rank[row] < 1:
        return f'{name}: no match by another camera'
    return (f'{name}: AP {100 * results.ap[row]:.1f} %, first match at rank '
            f'{results.first_match_rank[row]:,}')


def write_page(results: QueryResults, items: List[RankedList],
               args: argparse.Namespace) -> None:
    page = HtmlPage(
        'Ranked lists', f'{args.results}: {len(items)} of '
        f'{len(results.ap):,} queries, {args.choose} first'
        if args.choose != 'random' else
        f'{args.results}: {len(items)} of {len(results.ap):,} '
        'queries at random')
    for item in items:
        page.caption(describe(results, item))
        page.tiles(list_tiles(item, args.topk))
    page.write(args.out)


def write_pictures(items: List[RankedList], folder: Path) -> Iterator[Path]:
    """A picture of each list, whose number is its place."""
    visualizer = ReIDVisualizer('ranked_lists')
    folder.mkdir(parents=True, exist_ok=True)
    for place, item in enumerate(items):
        picture = visualizer.draw_ranked_list(*ranked_images(item))
        path = folder / f'{place:05d}_{Path(item.query.path).stem}.png'
        Image.fromarray(picture).save(path)
        yield path


def main() -> None:
    args = parse_args()
    is_page = args.out.suffix.lower() in PAGE_SUFFIXES
    if is_page:
        check_page_path(args.out)
    elif args.out.suffix.lower() in _PICTURES:
        raise ValueError(f'--out {args.out}: name a folder, for one picture '
                         'of each query, or a page (.html)')
    else:
        check_writable_folder(args.out)
    results = load_results(args.results)
    items = lists_of_results(results, choose_queries(results, args), args.topk)
    if is_page:
        write_page(results, items, args)
    else:
        for item, path in zip(items, write_pictures(items, args.out)):
            print(f'{path}: {describe(results, item)}')
    print(f'{len(items)} ranked lists: {args.out}')


if __name__ == '__main__':
    main()
