"""What is worth telling of a test, beyond its metrics."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set

import numpy as np
import torch

from ..functional import (Annotations, CameraPairs, Images, Processes,
                          RankingResult, ScoreHistogram, Verdict, count_scores,
                          evaluate_camera_pairs, group_by_verdict)
from .collected_images import is_unknown_camera
from .evaluated_dataset import DESCRIPTOR, EvaluatedDataset
from .ranked_lists import RankedList, list_queries


class Disagreement(NamedTuple):
    """Two parts of the descriptor, and queries about which they disagree.

    Attributes:
        first, second: Names of the parts.
        verdicts: Rows of the queries of each verdict.
        examples: Of each verdict some of these rows, those first for which the
            average precisions of the parts differ most.
        largest: Rows of the queries for which they differ most at all.
    """
    first: str
    second: str
    verdicts: Dict[Verdict, np.ndarray]
    examples: Dict[Verdict, List[int]]
    largest: List[int]


class Findings(NamedTuple):
    """What a report tells of a dataset. Q queries, in their order.

    Attributes:
        name: Of the dataset, as the samples have it.
        metric: How features were compared.
        rankings: By the names of the parts that were measured, ``''`` for the
            whole descriptor.
        queries: pid, camid and index of each query.
        num_gallery: Gallery images.
        num_distractors: Those of them that show nobody whom a query shows.
        worst: Rows of the queries with the lowest average precision, the worst
            first.
        disagreement: Of two parts, if there are two.
        camera_pairs: None if no camera is known.
        scores: Of pairs of one person and of two, by the whole descriptor.
        lists: Ranked lists by the names of the parts and the rows of the
            queries: of the worst by the descriptor, of the other ones by both
            parts as well.
    """
    name: str
    metric: str
    rankings: Dict[str, RankingResult]
    queries: Annotations
    num_gallery: int
    num_distractors: int
    worst: List[int]
    disagreement: Optional[Disagreement]
    camera_pairs: Optional[CameraPairs]
    scores: ScoreHistogram
    lists: Dict[str, Dict[int, RankedList]]


def collect_findings(dataset: EvaluatedDataset, branches: Sequence[str],
                     num_worst: int, num_examples: int, topk: int) -> Findings:
    """Choose queries that tell something, and list what is nearest to them.

    Features stay where they were computed; all processes have to call this.

    Args:
        dataset (EvaluatedDataset): What was measured.
        branches (Sequence[str]): Parts of the descriptor that may disagree;
            two of them, or nothing is told about it.
        num_worst (int): Of the worst queries at most.
        num_examples (int): Of the queries of each verdict at most.
        topk (int): Gallery images of each list.
    """
    processes = dataset.processes
    query, gallery, _ = dataset.test_set
    queries, images = (
        _of_all(role.annotations, processes) for role in (query, gallery))
    rankings = dataset.rankings
    disagreement = None
    if len(branches) == 2:
        first, second = branches
        disagreement = _disagreement(rankings, first, second, num_examples)
    worst = _first(rankings[DESCRIPTOR].ap, num_worst)
    compared: Dict[str, Any] = dict(
        query=_on(dataset.device, query),
        gallery=_on(dataset.device, gallery),
        processes=processes,
        metric=dataset.metric)
    return Findings(
        name=dataset.name,
        metric=dataset.metric,
        rankings=rankings,
        queries=queries,
        num_gallery=len(images.pids),
        num_distractors=int((~np.isin(images.pids, queries.pids)).sum()),
        worst=worst,
        disagreement=disagreement,
        camera_pairs=_camera_pairs(queries, images, compared),
        scores=count_scores(**compared),
        lists=_lists(dataset, worst, disagreement, topk))


def _of_all(annotations: Annotations, processes: Processes) -> Annotations:
    everyones = zip(*processes.gather(annotations))
    joined = Annotations(*map(np.concatenate, everyones))
    return joined.take(np.argsort(joined.indices))


def _first(values: np.ndarray, number: int) -> List[int]:
    """Rows of the smallest of some values, without those that are NaN."""
    order = np.argsort(values, kind='stable')  # NaN comes last
    return order[~np.isnan(values[order])][:number].tolist()


def _disagreement(rankings: Dict[str, RankingResult], first: str, second: str,
                  num_examples: int) -> Disagreement:
    verdicts = group_by_verdict(*(rankings[part].first_match_rank
                                  for part in (first, second, DESCRIPTOR)))
    differences = -np.abs(rankings[first].ap - rankings[second].ap)
    return Disagreement(
        first,
        second,
        verdicts,
        examples={
            verdict: rows[_first(differences[rows], num_examples)].tolist()
            for verdict, rows in verdicts.items()
        },
        largest=_first(differences, 2 * num_examples))


def _lists(dataset: EvaluatedDataset, worst: List[int],
           disagreement: Optional[Disagreement],
           topk: int) -> Dict[str, Dict[int, RankedList]]:
    by_all = set(worst)
    by_parts: Set[int] = set()
    parts: List[str] = []
    if disagreement is not None:
        parts = [disagreement.first, disagreement.second]
        by_parts.update(disagreement.largest, *disagreement.examples.values())
    chosen = {
        DESCRIPTOR: by_all | by_parts,
        **{
            part: by_parts
            for part in parts
        }
    }
    return {
        part: {
            item.number: item
            for item in list_queries(
                dataset.part(part), dataset.processes, dataset.metric,
                np.array(sorted(rows), dtype=int), topk)
        }
        for part, rows in chosen.items()
    }


def _on(device: torch.device, images: Images) -> Images:
    return Images(images.features.to(device), images.annotations)


def _camera_pairs(queries: Annotations, images: Annotations,
                  compared: Dict[str, Any]) -> Optional[CameraPairs]:
    camids = np.concatenate([queries.camids, images.camids])
    if is_unknown_camera(camids).any() or len(np.unique(camids)) < 2:
        return None
    return evaluate_camera_pairs(**compared)
