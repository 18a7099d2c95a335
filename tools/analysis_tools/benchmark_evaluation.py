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
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from fusionreid_mm.engine.peak_memory import peak_memory, reset_peak_memory
from fusionreid_mm.evaluation import evaluate_ranking
from fusionreid_mm.evaluation.functional import optional
from fusionreid_mm.evaluation.functional.matrix_product import (Multiply,
                                                                libraries_for)

# People differ in so many ways, however wide their features are.
TRAITS = 64

# Queries and gallery images that are multiplied at a time.
BLOCKS = ((512, 2048), (1024, 8192), (2048, 2048), (4096, 4096))

# Of which part of the product the fastest library and block are found.
SAMPLE = (4096, 8192)

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'

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


class Way(NamedTuple):
    """A library, and queries and gallery images of a block."""
    library: Multiply
    queries: int
    images: int


def multiply(problem: Problem, way: Way) -> None:
    """The bare matrix product."""
    buffer = problem.query_features.new_empty(way.queries * way.images)
    for rows in problem.query_features.split(way.queries):
        for columns in problem.gallery_features.split(way.images):
            out = buffer[:len(rows) * len(columns)]
            way.library(rows, columns, out.view(len(rows), len(columns)))


def fastest_way(problem: Problem) -> Way:
    """How the product is the fastest here."""
    sample = problem.first(SAMPLE[0])
    sample = sample._replace(
        gallery_features=sample.gallery_features[:SAMPLE[1]])
    seconds = {
        way:
        min(measure(lambda: multiply(sample, way)).wall for _ in range(3))
        for library in libraries_for(problem.gallery_features)
        for way in (Way(library, *block) for block in BLOCKS)
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


class Cost(NamedTuple):
    """What something took.

    Attributes:
        wall: Seconds that passed.
        cpu: Seconds of all threads together. Other load changes them less.
        memory: Bytes beyond what was there before, at the peak.
    """
    wall: float
    cpu: float
    memory: int

    def times(self, factor: float) -> 'Cost':
        """As much, so many times."""
        return Cost(self.wall * factor, self.cpu * factor,
                    int(self.memory * factor))

    def against(self, product: 'Cost') -> str:
        """In the product's seconds."""
        ratios = f'{self.wall / product.wall:6.2f} x the product'
        if DEVICE == 'cpu':
            ratios += f' ({self.cpu / product.cpu:.2f} x in CPU time)'
        return f'{ratios}, {self.memory / 2**30:6.2f} GiB beyond the features'


def measure(action: Callable[[], object]) -> Cost:
    """What it takes to do it once."""
    _give_memory_back()
    reset_peak_memory(DEVICE)
    before = peak_memory(DEVICE) or 0
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    if DEVICE == 'cuda':
        torch.cuda.synchronize()
    return Cost(time.perf_counter() - wall,
                time.process_time() - cpu, (peak_memory(DEVICE) or 0) - before)


def cheapest(costs: List[Cost]) -> Cost:
    """The least time of some runs, and the most memory."""
    walls, cpus, memories = zip(*costs)
    return Cost(min(walls), min(cpus), max(memories))


def _give_memory_back() -> None:
    """What the C library keeps of freed memory would hide what is taken."""
    if sys.platform == 'linux':
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def without_compiled_loops() -> Iterator[None]:
    """As if numba were not installed."""
    name = f'{optional.__package__}.compiled_loops'
    with mock.patch.dict(sys.modules, {name: None}):
        optional.compiled_loops.cache_clear()
        yield
    optional.compiled_loops.cache_clear()


def compare(problem: Problem, repeats: int) -> Dict[str, Cost]:
    """What the bare product takes, the evaluation, the same without compiled
    loops if there are any, and the plain implementation."""
    way = fastest_way(problem)
    print(f'  the fastest product: {way.library.__name__} in blocks of '
          f'{way.queries} x {way.images}')

    def evaluate() -> None:
        evaluate_ranking(*problem)

    def evaluate_without() -> None:
        with without_compiled_loops():
            evaluate_ranking(*problem)

    ways = {'product': lambda: multiply(problem, way), 'ours': evaluate}
    if DEVICE == 'cpu' and optional.compiled_loops():
        ways['ours, NumPy loops'] = evaluate_without
    evaluate_ranking(*problem.first(64))  # compiles
    costs: Dict[str, List[Cost]] = {name: [] for name in ways}
    for _ in range(repeats):  # in turn, so that other load meets all
        for name, action in ways.items():
            costs[name].append(measure(action))
    queries = min(
        len(problem.query_features),
        max(1, PLAIN_SIMILARITIES // len(problem.gallery_features)))
    share = len(problem.query_features) / queries
    if share > 1:
        print(f'  (argsort of {queries} of {len(problem.query_features)} '
              'queries, as if of all)')
    plain = measure(lambda: evaluate_plainly(problem.first(queries)))
    return {
        **{
            name: cheapest(runs)
            for name, runs in costs.items()
        }, 'argsort': plain.times(share)
    }


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
    loops = 'compiled' if optional.compiled_loops() else 'by NumPy'
    print(f'{os.cpu_count()} cores, {torch.get_num_threads()} threads, '
          f'{DEVICE}; PyTorch {torch.__version__}, NumPy {np.__version__}; '
          f'loops {loops}')
    for name in args.scale:
        for channels in args.channels:
            scale = SCALES[name]
            print(f'\n{name}: {scale.queries} x '
                  f'{scale.gallery + scale.distractors}, {channels} channels')
            costs = compare(draw(scale, channels, DEVICE), args.repeats)
            product = costs.pop('product')
            print(f'  the product: {product.wall:.2f} s')
            for way, cost in costs.items():
                print(f'  {way:18} {cost.against(product)}', flush=True)


if __name__ == '__main__':
    main()
