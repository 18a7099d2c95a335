from typing import Dict

import numpy as np

from ..functional import (Annotations, Processes, RankingResult,
                          collect_images, find_nearest_in_shards)
from ..results import QueryResults
from .collected_images import TestSet


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
    query, gallery = (
        collect_images(images, processes)
        for images in (test_set.query, test_set.gallery))
    return QueryResults(
        metric=metric,
        **_columns('query', query.annotations, paths),
        **_columns('gallery', gallery.annotations, paths),
        ap=ranking.ap,
        inp=ranking.inp,
        first_match_rank=ranking.first_match_rank,
        # Images are called by their indices in the dataset.
        nearest=np.where(
            nearest.indices < 0, nearest.indices,
            np.searchsorted(gallery.annotations.indices, nearest.indices)),
        nearest_scores=nearest.scores,
        query_features=query.features.numpy(),
        gallery_features=gallery.features.numpy())


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
