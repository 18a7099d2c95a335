"""Compare two tests of the same queries: which model is better, and is it?

Both files are the results query by query that a test leaves behind. Example:

    python tools/analysis_tools/compare_results.py first.npz second.npz

The intervals tell how much the metrics owe to the choice of the queries, and
not how much to that of the training images, or to chance in the training.
"""
import argparse
from typing import Dict, Iterator

import numpy as np

from fusionreid_mm.evaluation import (QueryResults, confidence_interval,
                                      load_results, match_queries,
                                      paired_difference, query_scores)
from fusionreid_mm.evaluation.functional import Interval

METRICS = ('mAP', 'mINP', 'Rank-1', 'Rank-5', 'Rank-10')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('first', help='results (.npz) of one model')
    parser.add_argument('second', help='results (.npz) of another')
    parser.add_argument(
        '--metric',
        default='mAP',
        choices=METRICS,
        help='what to decide and to choose queries by (default: %(default)s)')
    parser.add_argument(
        '--confidence',
        type=float,
        default=95,
        help='of the intervals, in percent (default: %(default)s)')
    parser.add_argument(
        '--by',
        default='identity',
        choices=['identity', 'query'],
        help='what to draw anew: people with all their queries, since these '
        'are much alike, or single queries (default: %(default)s)')
    parser.add_argument(
        '--num-queries',
        type=int,
        default=10,
        help='queries to list, where the models differ most (default: '
        '%(default)s)')
    args = parser.parse_args()
    if not 0 < args.confidence < 100:
        parser.error('--confidence must be between 0 and 100')
    if args.num_queries < 0:
        parser.error('--num-queries must be 0 or more')
    return args


def scores_of(results: QueryResults) -> Dict[str, np.ndarray]:
    """In percent."""
    scores = query_scores(results.ap, results.inp, results.first_match_rank)
    return {name: 100 * column for name, column in scores.items()}


def show(interval: Interval, sign: str = '') -> str:
    return (f'{interval.value:{sign}7.2f} '
            f'[{interval.low:{sign}.2f}, {interval.high:{sign}.2f}]')


def table(first: Dict[str, np.ndarray], second: Dict[str, np.ndarray],
          **draws) -> Iterator[str]:
    yield (f'{"":8}{"first":24}{"second":24}{"second - first":26}'
           f'{"p":>6}')
    for name in METRICS:
        ours, theirs = first[name], second[name]
        difference, p_value = paired_difference(ours, theirs, **draws)
        columns = [
            show(confidence_interval(column, **draws))
            for column in (ours, theirs)
        ]
        yield (f'{name:8}{columns[0]:24}{columns[1]:24}'
               f'{show(difference, "+"):26}{p_value:6.4f}')


def verdict(metric: str, difference: Interval) -> str:
    if difference.low <= 0 <= difference.high:
        return (f'By {metric}, these queries do not tell which is better: the '
                'interval of the difference holds 0.')
    better = 'second' if difference.value > 0 else 'first'
    return f'By {metric}, the {better} is better.'


def largest_differences(results: QueryResults, first: np.ndarray,
                        second: np.ndarray, number: int) -> Iterator[str]:
    size = np.nan_to_num(np.abs(second - first))
    chosen = np.argsort(-size, kind='stable')[:number]
    for row in chosen[size[chosen] > 0]:
        yield (f'{first[row]:8.2f}{second[row]:8.2f}'
               f'{second[row] - first[row]:+8.2f}'
               f'{results.query_pids[row]:8}  {results.query_paths[row]}')


def main() -> None:
    args = parse_args()
    results = load_results(args.first), load_results(args.second)
    rows = match_queries(*results)
    first = scores_of(results[0])
    second = {
        name: column[rows]
        for name, column in scores_of(results[1]).items()
    }
    pids = results[0].query_pids
    draws = dict(
        people=pids if args.by == 'identity' else None,
        confidence=args.confidence / 100)

    for name, path, item in zip(('first', 'second'), (args.first, args.second),
                                results):
        print(f'{name:8}{path} ({item.metric})')
    valid = results[0].first_match_rank > 0
    print(f'{valid.sum()} queries of {len(np.unique(pids[valid]))} people, '
          f'{len(results[0].gallery_pids)} gallery images. In percent, with '
          f'intervals of {args.confidence:g} % by {args.by}:\n')
    print('\n'.join(table(first, second, **draws)))
    ours, theirs = first[args.metric], second[args.metric]
    difference, _ = paired_difference(ours, theirs, **draws)
    print(f'\n{verdict(args.metric, difference)}')
    lines = list(
        largest_differences(results[0], ours, theirs, args.num_queries))
    if lines:
        print(f'\nWhere they differ most by {args.metric}:\n'
              f'{"first":>8}{"second":>8}{"":8}{"pid":>8}  query')
        print('\n'.join(lines))


if __name__ == '__main__':
    main()
