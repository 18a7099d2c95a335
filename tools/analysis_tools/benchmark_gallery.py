"""Measure a gallery: adding, opening, searching, and what a search misses.

The exact answers, against which recall is measured, are not Milvus's.

Examples:

    # 100,000 descriptors of 768 channels, in a file of its own
    OMP_NUM_THREADS=2 python tools/analysis_tools/benchmark_gallery.py
    # an approximate index
    python tools/analysis_tools/benchmark_gallery.py --index HNSW
    # a server; the collection is dropped at the end
    python tools/analysis_tools/benchmark_gallery.py \
        --uri http://localhost:19530
"""
import argparse
import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

import numpy as np

from fusionreid_mm.apis import Filter, Gallery, Match
from fusionreid_mm.apis.gallery.connection import is_file
from fusionreid_mm.apis.gallery.schema import INDEXES
from fusionreid_mm.engine.peak_memory import peak_memory, reset_peak_memory
from fusionreid_mm.evaluation.functional import find_nearest
from fusionreid_mm.sources import PersonImage

# People differ in so many ways, however wide their descriptors are.
TRAITS = 64

# Images of a person, of which each is seen by one of the cameras.
IMAGES_OF_A_PERSON = 20
CAMERAS = 6

# Images drawn, and added, at a time.
BLOCK = 1000

TOPK = 10
COLLECTION = 'benchmark'


class DrawnModel(NamedTuple):
    """What a gallery asks of a model."""
    fingerprint: str
    descriptor_size: int


class Problem(NamedTuple):
    """Descriptors of images of people, (N, D), and the cameras of the
    gallery's."""
    gallery: np.ndarray
    camids: np.ndarray
    queries: np.ndarray


def draw(num_images: int, channels: int, num_queries: int) -> Problem:
    """Images of a person are like each other, but for noise."""
    rng = np.random.default_rng(0)
    num_people = max(1, num_images // IMAGES_OF_A_PERSON)
    people = rng.standard_normal((num_people, TRAITS), np.float32)
    mixture = rng.standard_normal((TRAITS, channels), np.float32)

    def images(number: int) -> np.ndarray:
        descriptors = np.empty((number, channels), np.float32)
        for start in range(0, number, BLOCK):
            some = descriptors[start:start + BLOCK]
            traits = people[rng.integers(num_people, size=len(some))]
            noise = rng.standard_normal(traits.shape, np.float32)
            np.matmul(traits + 0.7 * noise, mixture, out=some)
            some += rng.standard_normal(some.shape, np.float32)
        return descriptors

    return Problem(
        images(num_images), rng.integers(CAMERAS, size=num_images),
        images(num_queries))


def exact(problem: Problem) -> np.ndarray:
    """(Q, k) the nearest images of each query, by the evaluation."""
    nobody = np.full(len(problem.queries), -1)
    someone = np.zeros(len(problem.gallery), int)
    return find_nearest(problem.queries, problem.gallery, nobody, someone,
                        nobody, someone, TOPK).indices


def recall(found: List[List[Match]], nearest: np.ndarray, k: int) -> float:
    """How many of the k nearest are among the k that were found."""
    shares = [
        len({int(match.name)
             for match in matches[:k]} & set(row[:k].tolist())) /
        min(k, sum(row >= 0)) for matches, row in zip(found, nearest)
    ]
    return float(np.mean(shares))


@contextmanager
def timed(what: str, times: Dict[str, float]) -> Iterator[None]:
    start = time.perf_counter()
    yield
    times[what] = time.perf_counter() - start
    print(f'  {what:34}{times[what]:9.2f} s', flush=True)


def add(gallery: Gallery, problem: Problem) -> None:
    for start in range(0, len(problem.gallery), BLOCK):
        some = problem.gallery[start:start + BLOCK]
        images = [
            PersonImage(str(start + row), int(problem.camids[start + row]))
            for row in range(len(some))
        ]
        gallery.add_descriptors(images, some)


def search(gallery: Gallery, problem: Problem,
           times: Dict[str, float]) -> List[List[Match]]:
    """What all queries find together; the other ways are timed only."""
    queries = problem.queries
    with timed('first search, of one image', times):
        gallery.search_descriptors(queries[:1], TOPK)
    with timed('ten searches of one image each', times):
        for query in queries[:10]:
            gallery.search_descriptors(query[None], TOPK)
    others = Filter(not_camids={0})
    with timed('the same without one camera', times):
        for query in queries[:10]:
            gallery.search_descriptors(query[None], TOPK, others)
    with timed(f'one search of {len(queries)} images', times):
        return gallery.search_descriptors(queries, TOPK)


def measure(uri: str, index: str, problem: Problem) -> Tuple[float, float]:
    """Print what a gallery takes.

    Returns:
        Tuple[float, float]: recall@1 and recall@10.
    """
    times: Dict[str, float] = {}
    model = DrawnModel('drawn', problem.gallery.shape[1])
    print(f'{index} at {uri}')
    with Gallery(uri, model, index=index, collection=COLLECTION) as gallery:
        with timed('adding', times):
            add(gallery, problem)
        start = time.perf_counter()
    print(f'  {"closing":34}{time.perf_counter() - start:9.2f} s')
    with timed('opening', times):
        gallery = Gallery.open(uri, collection=COLLECTION)
    found = search(gallery, problem, times)
    assert len(gallery) == len(problem.gallery)
    gallery.close()
    if not is_file(uri):
        remove(uri)
    nearest = exact(problem)
    recalls = recall(found, nearest, 1), recall(found, nearest, TOPK)
    print(f'  {"added a second":34}'
          f'{len(problem.gallery) / times["adding"]:9.0f}')
    print('  recall@1 {:.4f}, recall@10 {:.4f}'.format(*recalls))
    return recalls


def remove(uri: str) -> None:
    from pymilvus import MilvusClient
    client = MilvusClient(uri)
    client.drop_collection(COLLECTION)
    client.close()


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob('*')
               if file.is_file())


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--num-images',
        type=int,
        default=100_000,
        help='of the gallery (default: 100000)')
    parser.add_argument(
        '--channels',
        type=int,
        default=768,
        help='of a descriptor (default: 768)')
    parser.add_argument(
        '--num-queries',
        type=int,
        default=1000,
        help='of the search (default: 1000)')
    parser.add_argument(
        '--index',
        nargs='+',
        choices=list(INDEXES),
        default=['FLAT'],
        help='how Milvus finds the nearest (default: FLAT, which is exact)')
    parser.add_argument(
        '--uri', help='address of a Milvus server (default: a new file)')
    args = parser.parse_args()
    if min(args.num_images, args.channels, args.num_queries) < 1:
        parser.error('--num-images, --channels and --num-queries must be at '
                     'least 1')
    if args.uri is not None and is_file(args.uri):
        parser.error('--uri takes the address of a server, since a file of '
                     'the benchmark is removed at the end')
    return args


def main() -> None:
    args = parse_args()
    print(f'{args.num_images:,} descriptors of {args.channels} channels, '
          f'{args.num_queries} queries, {os.cpu_count()} cores')
    problem = draw(args.num_images, args.channels, args.num_queries)
    for index in args.index:
        reset_peak_memory('cpu')
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'benchmark.db'
            measure(args.uri or str(path), index, problem)
            if args.uri is None:
                print(f'  on disk {size_of(path) / 1e6:.0f} MB')
        peak = peak_memory('cpu')
        if peak is not None:
            drawn = sum(array.nbytes for array in problem)
            print(f'  memory {peak / 1e9:.1f} GB, {drawn / 1e9:.1f} GB of it '
                  'the descriptors drawn')


if __name__ == '__main__':
    main()
