from typing import Dict, List

import numpy as np
from mmengine.dist import is_main_process

from ..functional import (Annotations, Images, Processes, RankingResult,
                          find_nearest_in_shards)
from ..results import QueryResults
from .collected_images import TestSet

# Rows that travel at a time.
_ROWS = 1024


def gather_query_results(test_set: TestSet, ranking: RankingResult,
                         processes: Processes, metric: str,
                         topk: int) -> QueryResults:
    """What a test found out about each query, from all processes.

    Args:
        test_set (TestSet): This process's part of the images.
        ranking (RankingResult): Of all of them.
        processes (Processes): All of the run.
        metric (str): How features are compared.
        topk (int): Nearest images of each query.

    Returns:
        QueryResults: The same at all processes, but for the features, which
        are at the main one only.
    """
    nearest = find_nearest_in_shards(
        test_set.query, test_set.gallery, processes, k=topk, metric=metric)
    paths = {
        index: path
        for own in processes.gather(test_set.paths)
        for index, path in own.items()
    }
    query = _gather_annotations(test_set.query, processes)
    gallery = _gather_annotations(test_set.gallery, processes)
    return QueryResults(
        metric=metric,
        **_columns('query', query, paths),
        **_columns('gallery', gallery, paths),
        ap=ranking.ap,
        inp=ranking.inp,
        first_match_rank=ranking.first_match_rank,
        # Images are called by their indices in the dataset.
        nearest=np.where(nearest.indices < 0, nearest.indices,
                         np.searchsorted(gallery.indices, nearest.indices)),
        nearest_scores=nearest.scores,
        query_features=_gather_features(test_set.query, query, processes),
        gallery_features=_gather_features(test_set.gallery, gallery,
                                          processes))


def _columns(role: str, annotations: Annotations,
             paths: Dict[int, str]) -> Dict[str, np.ndarray]:
    return {
        f'{role}_paths':
        np.array([paths[index] for index in annotations.indices], dtype=str),
        f'{role}_pids':
        annotations.pids,
        f'{role}_camids':
        annotations.camids
    }


def _gather_annotations(images: Images, processes: Processes) -> Annotations:
    """Of all processes, in the order of the dataset."""
    everyones = processes.gather(images.annotations)
    joined = Annotations(*map(np.concatenate, zip(*everyones)))
    return joined.take(np.argsort(joined.indices))


def _gather_features(images: Images, everyones: Annotations,
                     processes: Processes) -> np.ndarray:
    """Of all processes, in the order of the dataset, at the main process; at
    the others none."""
    numbers: List[int] = processes.gather(len(images.features))
    rows = len(everyones.indices) if is_main_process() else 0
    features = np.empty((rows, images.features.size(1)), dtype=np.float32)
    for start in range(0, max(numbers), _ROWS):
        part = slice(start, start + _ROWS)
        indices = np.concatenate(
            processes.gather(images.annotations.indices[part]))
        block = processes.gather_rows(images.features[part])
        if is_main_process():
            places = np.searchsorted(everyones.indices, indices)
            features[places] = block.numpy()
    return features
