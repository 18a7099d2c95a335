"""Draw the curves of one or several tests into one figure.

Results are what ``tools/test.py --out results.npz`` writes. Examples:

    python tools/visualization/vis_curves.py one.npz other.npz --out curves.png
    python tools/visualization/vis_curves.py results.npz --curves roc \
        --out roc.svg
"""
import argparse
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np

from fusionreid_mm.engine.figures import (add_figure_arguments,
                                          check_figure_path, drawing,
                                          has_window)
from fusionreid_mm.evaluation import (QueryResults, evaluate_ranking,
                                      evaluate_verification, load_results)
from fusionreid_mm.visualization import (RocCurve, plot_cmc,
                                         plot_precision_recall, plot_roc)

# False accept rates at which an ROC curve is measured, if there are so many
# pairs of two people.
LOWEST_FAR, HIGHEST_FAR, NUM_FARS = 1e-6, 0.9, 25


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'results', nargs='+', help='results (.npz) of tools/test.py --out')
    parser.add_argument(
        '--curves',
        nargs='+',
        choices=list(CURVES),
        default=['cmc', 'pr'],
        help='CMC, precision over recall, or true over false accept rates '
        '(default: cmc pr)')
    parser.add_argument(
        '--legend', nargs='+', help='names of the tests, in their order')
    parser.add_argument(
        '--max-rank',
        type=int,
        default=50,
        help='last rank of CMC (default: %(default)s)')
    parser.add_argument(
        '--out',
        type=Path,
        help='write the picture to this file (.png, .pdf, .svg) instead of '
        'showing it')
    add_figure_arguments(parser)
    args = parser.parse_args()
    if args.max_rank < 1:
        parser.error('--max-rank must be at least 1')
    if args.legend is not None and len(args.legend) != len(args.results):
        parser.error(f'--legend has {len(args.legend)} names for '
                     f'{len(args.results)} files of results')
    args.legend = args.legend or names_of(args.results)
    if len(set(args.legend)) < len(args.legend):
        parser.error('two tests have one name: give each another after '
                     f'--legend; got {" ".join(args.legend)}')
    if args.out is None and not has_window():
        parser.error('there is no display to show the curves on: write them '
                     'to a file with --out')
    if args.out is not None:
        check_figure_path(args.out)
    return args


def cmc_of(results: QueryResults, args: argparse.Namespace) -> np.ndarray:
    firsts = results.first_match_rank[results.first_match_rank > 0]
    ranks = np.arange(1, 1 + args.max_rank)
    return (firsts[:, None] <= ranks).mean(axis=0)


def precision_of(results: QueryResults,
                 args: argparse.Namespace) -> np.ndarray:
    return evaluate_ranking(
        **features_of(results), metric=results.metric).precision


def roc_of(results: QueryResults, args: argparse.Namespace) -> RocCurve:
    arguments = features_of(results)
    num_pairs = len(results.query_pids) * len(results.gallery_pids)
    fars = np.geomspace(max(LOWEST_FAR, 1 / num_pairs), HIGHEST_FAR,
                        NUM_FARS).tolist()
    points = evaluate_verification(
        **arguments, fars=fars, metric=results.metric).tar_at_far
    return RocCurve(
        np.array(fars), np.array([points[far].tar for far in fars]))


def features_of(results: QueryResults) -> Dict[str, Any]:
    """What the functions of evaluation take.

    Raises:
        ValueError: If the results have no features.
    """
    if results.query_features is None or results.gallery_features is None:
        raise ValueError(
            'the results have no features, without which there is only a CMC '
            'curve (--curves cmc): write them with tools/test.py --out')
    return {
        f'{role}_{column}': getattr(results, f'{role}_{column}')
        for role in ('query', 'gallery')
        for column in ('features', 'pids', 'camids')
    }


# What a curve is measured and drawn by.
CURVES: Dict[str, List[Callable]] = {
    'cmc': [cmc_of, plot_cmc],
    'pr': [precision_of, plot_precision_recall],
    'roc': [roc_of, plot_roc],
}


def names_of(paths: List[str]) -> List[str]:
    """The names of the files, or all of their paths if those are alike."""
    stems = [Path(path).stem for path in paths]
    return stems if len(set(stems)) == len(stems) else paths


def main() -> None:
    args = parse_args()
    measured: Dict[str, Dict[str, Any]] = {kind: {} for kind in args.curves}
    for name, path in zip(args.legend, args.results):
        results = load_results(path)  # one at a time: features are large
        for kind in measured:
            measure, _ = CURVES[kind]
            measured[kind][name] = measure(results, args)
    with drawing(args, args.out, show=args.out is None) as figure:
        panels = figure.subplots(1, len(measured), squeeze=False)[0]
        for axes, (kind, curves) in zip(panels, measured.items()):
            _, plot = CURVES[kind]
            plot(axes, curves)
        title = figure.suptitle(args.title or ', '.join(args.legend))
        title.set_parse_math(args.title is not None)
    if args.out is not None:
        print(f'{", ".join(measured)} of {len(args.legend)} tests: {args.out}')


if __name__ == '__main__':
    main()
