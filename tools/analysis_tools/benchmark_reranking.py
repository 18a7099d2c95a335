"""Measure re-ranking against the matrix product of all images with all.

Examples:

    # as large as the real datasets
    python tools/analysis_tools/benchmark_reranking.py
    # with the released settings and the whole descriptor
    python tools/analysis_tools/benchmark_reranking.py \
        --scale market1501 --channels 5888 --k1 50 --k2 15
"""
import argparse
import itertools
import os
from typing import List, NamedTuple

import numpy as np
import torch
from benchmark_evaluation import (DEVICE, SCALES, Cost, Problem, Way, cheapest,
                                  draw, fastest_way, measure, multiply)

from fusionreid_mm.evaluation.functional import (RankingResult,
                                                 evaluate_ranking,
                                                 evaluate_reranked)
from fusionreid_mm.evaluation.functional.optional import compiled_loops


class Measurement(NamedTuple):
    """Of re-ranking beside the product.

    Attributes:
        product: What the product takes.
        reranking: What re-ranking takes, with the evaluation.
        result: What it gives.
    """
    product: Cost
    reranking: Cost
    result: RankingResult


def multiply_all(problem: Problem, way: Way) -> None:
    """The bare product, without what its symmetry could save."""
    features = problem.query_features, problem.gallery_features
    for rows, columns in itertools.product(features, repeat=2):
        multiply(
            problem._replace(query_features=rows, gallery_features=columns),
            way)


def compare(problem: Problem, k1: int, k2: int, repeats: int) -> Measurement:
    """The fastest of some runs; they take turns, so that whatever else the
    machine does meets both."""
    way = fastest_way(problem)
    # Whatever is compiled is so before, and libraries are chosen.
    evaluate_reranked(*problem.first(64)._replace(
        gallery_features=problem.gallery_features[:4096],
        gallery_pids=problem.gallery_pids[:4096],
        gallery_camids=problem.gallery_camids[:4096]))
    results: List[RankingResult] = []
    products, rerankings = [], []
    for _ in range(repeats):
        products.append(measure(lambda: multiply_all(problem, way)))
        rerankings.append(
            measure(lambda: results.append(
                evaluate_reranked(*problem, k1=k1, k2=k2))))
    return Measurement(cheapest(products), cheapest(rerankings), results[0])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--scale',
        nargs='+',
        choices=list(SCALES),
        default=['market1501', 'msmt17'],
        help='datasets whose sizes are taken (default: %(default)s)')
    parser.add_argument(
        '--channels',
        type=int,
        nargs='+',
        default=[768],
        help='width of the features (default: %(default)s)')
    parser.add_argument(
        '--k1',
        type=int,
        default=20,
        help='neighbours of an image (default: %(default)s)')
    parser.add_argument(
        '--k2',
        type=int,
        default=6,
        help='images that are averaged (default: %(default)s)')
    parser.add_argument(
        '--repeats',
        type=int,
        default=1,
        help='timed runs, of which the fastest counts (default: %(default)s)')
    args = parser.parse_args()
    if min(args.channels) < 1 or args.repeats < 1:
        parser.error('--channels and --repeats must be at least 1')
    if not args.k1 >= args.k2 >= 1:
        parser.error('--k1 must be at least --k2, and that at least 1')
    return args


def main() -> None:
    args = parse_args()
    loops = 'compiled' if compiled_loops() else 'by NumPy'
    print(f'{os.cpu_count()} cores, {torch.get_num_threads()} threads, '
          f'{DEVICE}; PyTorch {torch.__version__}, NumPy {np.__version__}; '
          f'loops {loops}; k1 {args.k1}, k2 {args.k2}')
    for name, channels in itertools.product(args.scale, args.channels):
        scale = SCALES[name]
        problem = draw(scale, channels, DEVICE)
        number = len(problem.query_features) + len(problem.gallery_features)
        found = compare(problem, args.k1, args.k2, args.repeats)
        plain = evaluate_ranking(*problem)
        print(
            f'\n{name}: {number} images, {channels} channels\n'
            f'  product {found.product.wall:.1f} s, re-ranking '
            f'{found.reranking.wall:.1f} s: '
            f'{found.reranking.against(found.product)}\n'
            f'  mAP {100 * plain.mAP:.2f}, re-ranked '
            f'{100 * found.result.mAP:.2f}; Rank-1 {100 * plain.cmc[0]:.2f}, '
            f're-ranked {100 * found.result.cmc[0]:.2f}',
            flush=True)


if __name__ == '__main__':
    main()
