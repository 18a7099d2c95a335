"""How well people are found again from one camera to another.

Shapes: Q queries, A cameras of queries, B cameras of the gallery.
"""
from typing import List, NamedTuple

import numpy as np

from .images import Images
from .match_ranks import Annotations, Processes
from .ranking import evaluate_shards


class CameraPairs(NamedTuple):
    """What is found for the queries of one camera among the images of another.
    Fractions, not percent; NaN where nothing could be found.

    Attributes:
        query_cameras: (A, ) the cameras of the queries, ascending.
        gallery_cameras: (B, ) those of the gallery.
        mAP: (A, B).
        rank1: (A, B).
        num_queries: (A, B) queries that have a match there.
    """
    query_cameras: np.ndarray
    gallery_cameras: np.ndarray
    mAP: np.ndarray
    rank1: np.ndarray
    num_queries: np.ndarray


def evaluate_camera_pairs(query: Images,
                          gallery: Images,
                          processes: Processes,
                          metric: str = 'cosine') -> CameraPairs:
    """Rank the images of each camera by themselves, and measure for the
    queries of each other camera where their matches stand.

    Together that takes as long as ranking the whole gallery once.

    Source: "Scalable Person Re-identification: A Benchmark" (ICCV 2015),
    "Re-id performance between camera pairs".

    Args:
        query (Images): The queries of this process.
        gallery (Images): The gallery images of this process.
        processes (Processes): All of them.
        metric (str): ``'cosine'`` or ``'euclidean'``. Defaults to
            ``'cosine'``.

    Returns:
        CameraPairs: The same at all processes.
    """
    queries = _of_all(query, processes)
    images = _of_all(gallery, processes)
    query_cameras = np.unique(queries.camids)
    gallery_cameras = np.unique(images.camids)
    columns = []
    for camera in gallery_cameras:
        people = np.unique(images.pids[images.camids == camera])
        # Images of a query's own camera are no matches.
        chosen = np.isin(queries.pids, people) & (queries.camids != camera)
        columns.append(
            _column(query, gallery, processes, metric, camera,
                    queries.take(chosen), query_cameras))
    mean_ap, rank1, num_queries = (
        np.stack(rows, axis=1) for rows in zip(*columns))
    return CameraPairs(query_cameras, gallery_cameras, mean_ap, rank1,
                       num_queries)


def _of_all(images: Images, processes: Processes) -> Annotations:
    """The annotations of all processes in the order of their indices."""
    everyones = zip(*processes.gather(images.annotations))
    annotations = Annotations(*map(np.concatenate, everyones))
    return annotations.take(np.argsort(annotations.indices))


def _column(query: Images, gallery: Images, processes: Processes, metric: str,
            camera: int, queries: Annotations,
            query_cameras: np.ndarray) -> List[np.ndarray]:
    """mAP, Rank-1 and number of some queries by their cameras, (A, ) each, in
    the images of one camera."""
    numbers = np.array(
        [np.count_nonzero(queries.camids == one) for one in query_cameras])
    means = np.full((2, len(query_cameras)), np.nan)
    if len(queries.pids):
        ranking = evaluate_shards(
            query.take(np.isin(query.annotations.indices, queries.indices)),
            gallery.take(gallery.annotations.camids == camera),
            processes,
            metric=metric,
            max_rank=1)
        for row in np.flatnonzero(numbers):
            own = queries.camids == query_cameras[row]
            means[:, row] = (ranking.ap[own].mean(),
                             (ranking.first_match_rank[own] == 1).mean())
    return [*means, numbers]
