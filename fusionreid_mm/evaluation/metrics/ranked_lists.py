from typing import Dict, List, NamedTuple, Optional, Sequence

import numpy as np

from ..functional import NOBODY, Annotations, Processes, find_nearest_in_shards
from ..results import QueryResults
from .collected_images import TestSet, is_unknown_camera


class ListedImage(NamedTuple):
    """An image of a ranked list.

    Attributes:
        path: Its file.
        pid: Who it is.
        camid: Which camera took it, if that is known.
    """
    path: str
    pid: int
    camid: Optional[int]


class RankedList(NamedTuple):
    """What was found for a query.

    Attributes:
        number: Of the query among all queries, from 0.
        query: The query.
        gallery: The images that are the nearest to it, the nearest first.
        scores: Similarity to each, or distance.
    """
    number: int
    query: ListedImage
    gallery: List[ListedImage]
    scores: List[float]


def list_evenly(test_set: TestSet, processes: Processes, metric: str,
                num_queries: int, topk: int) -> List[RankedList]:
    """Ranked lists of some queries, evenly spread over all of them.

    Args:
        test_set (TestSet): This process's part of the images.
        processes (Processes): All of the run.
        metric (str): How features are compared.
        num_queries (int): Queries at most.
        topk (int): Gallery images of each at most.

    Returns:
        List[RankedList]: The same at all processes.
    """
    size = sum(processes.gather(len(test_set.query.features)))
    places = np.linspace(0, size - 1, num_queries).astype(int)
    return list_queries(test_set, processes, metric, np.unique(places), topk)


def list_queries(test_set: TestSet, processes: Processes, metric: str,
                 places: np.ndarray, topk: int) -> List[RankedList]:
    """Ranked lists of some queries. Features stay where they were computed.

    Args:
        test_set (TestSet): This process's part of the images.
        processes (Processes): All of the run.
        metric (str): How features are compared.
        places (np.ndarray): Numbers of the queries among all, ascending.
        topk (int): Gallery images of each at most.

    Returns:
        List[RankedList]: The same at all processes.
    """
    if not len(places):
        return []
    query, gallery, paths = test_set
    own = query.annotations.indices
    everyones = np.sort(np.concatenate(processes.gather(own)))
    chosen = everyones[places]
    nearest = find_nearest_in_shards(
        query.take(np.isin(own, chosen)),
        gallery,
        processes,
        k=topk,
        metric=metric)
    images = {
        index: image
        for role in (query, gallery)
        for own_images in processes.gather(
            _listed(
                role.annotations, paths,
                np.append(chosen, nearest.indices[nearest.indices != NOBODY])))
        for index, image in own_images.items()
    }
    rows = zip(*(column.tolist()
                 for column in (places, chosen, nearest.indices,
                                nearest.scores)))
    return [
        RankedList(number, images[index],
                   [images[one] for one in found if one != NOBODY],
                   [score for score in scores if not np.isnan(score)])
        for number, index, found, scores in rows
    ]


def lists_of_results(results: QueryResults, rows: Sequence[int],
                     topk: int) -> List[RankedList]:
    """Ranked lists of some queries, as a test has written them down.

    Args:
        results (QueryResults): What was written.
        rows (Sequence[int]): Of the queries.
        topk (int): Gallery images of each at most.

    Raises:
        ValueError: If not so many were written.
    """
    if topk > results.nearest.shape[1]:
        raise ValueError(
            f'the results have the {results.nearest.shape[1]} nearest images '
            f'of each query, and not {topk}: test with '
            f'test_evaluator.topk={topk}')
    lists = []
    for row in rows:
        found = results.nearest[row, :topk]
        is_image = found != NOBODY
        lists.append(
            RankedList(
                int(row), _image_of(results, 'query', row),
                [_image_of(results, 'gallery', i) for i in found[is_image]],
                results.nearest_scores[row, :topk][is_image].tolist()))
    return lists


def _image_of(results: QueryResults, role: str, row: int) -> ListedImage:
    path, pid, camid = (
        getattr(results, f'{role}_{column}')[row].item()
        for column in ('paths', 'pids', 'camids'))
    return ListedImage(path, pid, None if is_unknown_camera(camid) else camid)


def _listed(annotations: Annotations, paths: Dict[int, str],
            indices: np.ndarray) -> Dict[int, ListedImage]:
    """Those of some images that are of this process."""
    held = annotations.take(np.isin(annotations.indices, indices))
    columns = zip(*(column.tolist() for column in held))
    return {
        index:
        ListedImage(paths[index], pid,
                    None if is_unknown_camera(camid) else camid)
        for pid, camid, index in columns
    }
