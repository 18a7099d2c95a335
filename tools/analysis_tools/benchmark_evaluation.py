"""Measure the evaluation against the matrix product that it cannot do without.

Examples:

    # as large as the real datasets, on one core
    OMP_NUM_THREADS=1 python tools/analysis_tools/benchmark_evaluation.py
    # and with the whole descriptor
    python tools/analysis_tools/benchmark_evaluation.py \
        --scale msmt17 --channels 5888
"""
import argparse
import ctypes
import os
import sys
import time
from typing import Callable, Dict, List, NamedTuple, Tuple, Type

import numpy as np
import torch
from torch import Tensor

from fusionreid_mm.engine.peak_memory import peak_memory, reset_peak_memory
from fusionreid_mm.evaluation import RankingResult, evaluate_ranking
from fusionreid_mm.evaluation.functional.matrix_product import (Product,
                                                                products_on)
from fusionreid_mm.evaluation.functional.optional import compiled_loops

# People differ in so many ways, however wide their features are.
TRAITS = 64

# Queries and gallery images that are multiplied at a time.
BLOCKS = ((512, 512), (512, 2048), (2048, 2048), (4096, 4096))

# Of which part of the product the fastest library and block are found.
SAMPLE = (4096, 4096)

# Similarities that the plain implementation may hold, a quarter of its memory.
PLAIN_SIMILARITIES = 2**27


class Scale(NamedTuple):
    """Images and people of a dataset."""
    queries: int
    gallery: int
    people: int
    cameras: int
    distractors: int = 0


SCALES = {
    'market1501': Scale(3368, 15913, 750, 6),
    'msmt17': Scale(11659, 82161, 3060, 15),
    'market1501_500k': Scale(3368, 19732, 750, 6, distractors=500_000),
}


class Problem(NamedTuple):
    """The arguments of ``evaluate_ranking``."""
    query_features: Tensor
    gallery_features: Tensor
    query_pids: np.ndarray
    gallery_pids: np.ndarray
    query_camids: np.ndarray
    gallery_camids: np.ndarray

    def first(self, num_queries: int) -> 'Problem':
        """Some of the queries, and the whole gallery."""
        return self._replace(
            query_features=self.query_features[:num_queries],
            query_pids=self.query_pids[:num_queries],
            query_camids=self.query_camids[:num_queries])


def draw(scale: Scale, channels: int, device: str) -> Problem:
    """Features of people who are told apart about as well as a trained model
    does it."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(1 + scale.people, TRAITS, generator=generator)
    mixture = torch.randn(TRAITS, channels, generator=generator)
    rng = np.random.default_rng(0)

    def images(number: int, pids: np.ndarray) -> Tuple:
        features = torch.empty(number, channels)
        for rows, people in zip(
                features.split(1024),
                torch.from_numpy(pids).split(1024)):
            # Some images are worse than others, and distractors are alone.
            noise = 0.5 + torch.rand(len(rows), 1, generator=generator)
            is_someone = (people > 0)[:, None]
            traits = torch.randn(len(rows), TRAITS, generator=generator)
            traits *= torch.where(is_someone, noise, 1.5)
            torch.mm(traits + centres[people] * is_someone, mixture, out=rows)
        return features.to(device), pids, rng.integers(
            scale.cameras, size=number)

    query_pids = rng.integers(1, 1 + scale.people, size=scale.queries)
    gallery_pids = np.concatenate([
        rng.integers(1, 1 + scale.people, size=scale.gallery),
        np.zeros(scale.distractors, dtype=int)
    ])
    rows = zip(
        images(len(query_pids), np.sort(query_pids)),
        images(len(gallery_pids), np.sort(gallery_pids)))
    return Problem(*(column for pair in rows for column in pair))


def multiply(problem: Problem, kind: Type[Product], block: Tuple[int,
                                                                 int]) -> None:
    """The bare matrix product."""
    num_queries, num_images = block
    for rows in problem.query_features.split(num_queries):
        product = kind(rows)
        for columns in problem.gallery_features.split(num_images):
            product(columns)


def fastest_way(problem: Problem) -> Tuple[Type[Product], Tuple[int, int]]:
    """The library and the block that multiply fastest here."""
    sample = problem.first(SAMPLE[1])
    sample = sample._replace(
        gallery_features=sample.gallery_features[:SAMPLE[0]])
    features = problem.gallery_features
    seconds = {
        (kind, block):
        min(_seconds(lambda: multiply(sample, kind, block)) for _ in range(3))
        for kind in products_on(features.device, features.dtype)
        for block in BLOCKS
    }
    return min(seconds, key=lambda way: seconds[way])


def evaluate_plainly(problem: Problem) -> Tuple[float, float]:
    """mAP and Rank-1 by a distance matrix and its sorted indices, as most
    programs have it."""
    (query, gallery, query_pids, gallery_pids, query_camids,
     gallery_camids) = problem
    similarities = torch.nn.functional.normalize(
        query) @ torch.nn.functional.normalize(gallery).T
    order = np.argsort(-similarities.cpu().numpy(), axis=1)
    precisions, firsts = [], []
    for row, pid, camid in zip(order, query_pids, query_camids):
        is_same = gallery_pids[row] == pid
        kept = ~(is_same & (gallery_camids[row] == camid))
        ranks = 1 + np.flatnonzero(is_same[kept])
        if len(ranks):
            precisions.append((np.arange(1, 1 + len(ranks)) / ranks).mean())
            firsts.append(ranks[0] == 1)
    return float(np.mean(precisions)), float(np.mean(firsts))


class Row(NamedTuple):
    """Of one way to evaluate: times that of the product, and bytes beyond the
    features."""
    name: str
    ratio: float
    memory: int


def compare(problem: Problem, repeats: int) -> Tuple[List[Row], RankingResult]:
    """The evaluation against the bare product, and the plain implementation
    against the same."""
    kind, block = fastest_way(problem)
    result = evaluate_ranking(*problem.first(64))  # compiles, and chooses
    rows: Dict[str, List[float]] = {'product': [], 'evaluation': []}
    memory = 0
    for _ in range(repeats):  # in turn, so that other load meets both
        rows['product'].append(
            _seconds(lambda: multiply(problem, kind, block)))
        start = _memory_before()
        begin = time.perf_counter()
        result = evaluate_ranking(*problem)
        rows['evaluation'].append(time.perf_counter() - begin)
        memory = max(memory, _memory_since(start))
    best = {name: min(seconds) for name, seconds in rows.items()}
    queries = min(
        len(problem.query_features),
        max(1, PLAIN_SIMILARITIES // len(problem.gallery_features)))
    part = problem.first(queries)
    start = _memory_before()
    plain = _seconds(lambda: evaluate_plainly(part))
    share = len(problem.query_features) / queries
    plain_memory = _memory_since(start)
    print(f'  product by {kind.__name__} in blocks of {block[0]} x '
          f'{block[1]}: {best["product"]:.2f} s; the evaluation: '
          f'{best["evaluation"]:.2f} s')
    if share > 1:
        print(f'  (argsort of {queries} of {len(problem.query_features)} '
              'queries, as if of all)')
    return [
        Row('ours', best['evaluation'] / best['product'], memory),
        Row('argsort', plain * share / best['product'],
            int(plain_memory * share))
    ], result


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def _device() -> str:
    return 'cuda' if torch.cuda.is_available() else 'cpu'


def _memory_before() -> int:
    _give_memory_back()
    reset_peak_memory(_device())
    return peak_memory(_device()) or 0


def _give_memory_back() -> None:
    """What the C library keeps of freed memory would hide what is taken."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).malloc_trim(0)


def _memory_since(start: int) -> int:
    return (peak_memory(_device()) or 0) - start


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--scale',
        nargs='+',
        choices=list(SCALES),
        default=list(SCALES),
        help='datasets whose sizes are taken (default: all)')
    parser.add_argument(
        '--channels',
        type=int,
        nargs='+',
        default=[768],
        help='width of the features (default: 768)')
    parser.add_argument(
        '--repeats',
        type=int,
        default=3,
        help='timed runs, of which the fastest counts (default: 3)')
    args = parser.parse_args()
    if min(args.channels) < 1 or args.repeats < 1:
        parser.error('--channels and --repeats must be at least 1')
    return args


def main() -> None:
    args = parse_args()
    loops = 'compiled' if compiled_loops() else 'by NumPy'
    print(f'{os.cpu_count()} cores, {torch.get_num_threads()} threads; '
          f'PyTorch {torch.__version__}, NumPy {np.__version__}; loops '
          f'{loops}')
    for name in args.scale:
        for channels in args.channels:
            scale = SCALES[name]
            print(f'\n{name}: {scale.queries} x '
                  f'{scale.gallery + scale.distractors}, {channels} channels')
            rows, result = compare(
                draw(scale, channels, _device()), args.repeats)
            print(f'  mAP {100 * result.mAP:.2f}, '
                  f'Rank-1 {100 * result.cmc[0]:.2f}')
            for row in rows:
                print(
                    f'  {row.name:8} {row.ratio:6.2f} x the product, '
                    f'{row.memory / 2**30:6.2f} GiB beyond the features',
                    flush=True)


if __name__ == '__main__':
    main()
