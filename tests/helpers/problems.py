"""Small retrieval problems, and processes that share one."""
import threading
from typing import Any, Callable, List

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusionreid_mm.evaluation.functional import Annotations, Images, Processes


@st.composite
def problems(draw):
    """The six arrays of ``evaluate_ranking``. Features are small whole
    numbers, so that many images are equally far."""
    num_query, num_gallery = draw(st.integers(1, 6)), draw(st.integers(1, 25))
    channels = draw(st.integers(1, 3))
    levels = draw(st.sampled_from([1, 2, 50]))

    def whole_numbers(shape, low, high):
        return draw(arrays(np.int64, shape, elements=st.integers(low, high)))

    return (whole_numbers((num_query, channels), -levels, levels),
            whole_numbers((num_gallery, channels), -levels, levels),
            whole_numbers(num_query, 1, 3), whole_numbers(num_gallery, 0, 3),
            whole_numbers(num_query, 0, 2), whole_numbers(num_gallery, 0, 2))


def all_similarities(query: np.ndarray, gallery: np.ndarray,
                     metric: str) -> np.ndarray:
    """Of whole numbers: the cosine, or minus the squared distance."""
    if metric == 'euclidean':
        return -np.square(query[:, None] - gallery[None]).sum(-1).astype(float)
    norms = [
        np.sqrt((rows * rows).sum(1)).clip(1e-12) for rows in (query, gallery)
    ]
    return query @ gallery.T / norms[0][:, None] / norms[1]


def is_own_camera(query_pids, gallery_pids, query_camids,
                  gallery_camids) -> np.ndarray:
    """Which pairs do not count."""
    return ((query_pids[:, None] == gallery_pids) &
            (query_camids[:, None] == gallery_camids))


def deal_out(problem, number: int) -> List[List[Images]]:
    """The query and the gallery of each process: every so-manieth image."""
    query, gallery, query_pids, gallery_pids, query_camids, gallery_camids = \
        problem
    return [[
        Images(
            torch.as_tensor(features[rank::number], dtype=torch.float32),
            Annotations(pids[rank::number], camids[rank::number],
                        np.arange(len(features))[rank::number]))
        for features, pids, camids in ((query, query_pids, query_camids),
                                       (gallery, gallery_pids, gallery_camids))
    ] for rank in range(number)]


class Threads(Processes):
    """Threads that take the part of processes.

    Args:
        rank (int): Which of them.
        items (list): What each has, shared by all.
        barrier (threading.Barrier): Of all.
    """

    def __init__(self, rank: int, items: list,
                 barrier: threading.Barrier) -> None:
        self.rank = rank
        self.is_main = rank == 0
        self.items = items
        self.barrier = barrier

    def gather(self, item: Any) -> List[Any]:
        self.items[self.rank] = item
        self.barrier.wait()
        everyones = list(self.items)
        self.barrier.wait()
        return everyones

    def gather_rows(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.cat(self.gather(rows))


def run_in_threads(function: Callable, parts: List[list]) -> list:
    """What ``function(*part, processes)`` gives in each of them."""
    items: list = [None] * len(parts)
    barrier = threading.Barrier(len(parts), timeout=60)
    results: list = [None] * len(parts)

    def run(rank: int) -> None:
        try:
            results[rank] = function(*parts[rank],
                                     Threads(rank, items, barrier))
        except Exception as error:
            barrier.abort()
            results[rank] = error

    threads = [
        threading.Thread(target=run, args=(rank, ))
        for rank in range(len(parts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results
