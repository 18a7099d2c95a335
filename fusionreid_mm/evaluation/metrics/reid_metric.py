from functools import partial
from typing import (Any, Callable, Collection, Dict, Iterator, List, Mapping,
                    NamedTuple, Optional, Sequence, Union)

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from fusionreid_mm.registry import METRICS
from ..functional import METRICS as SIMILARITIES
from ..functional import (RankingResult, VerificationResult,
                          check_query_expansion, check_reranking,
                          evaluate_expanded_shards, evaluate_reranked_shards,
                          evaluate_shards, verify_shards)
from ..results import save_results, save_thresholds
from .collected_images import CollectedImages, TestSet, redraw_galleries
from .evaluated_dataset import DESCRIPTOR, EvaluatedDataset, take_columns
from .processes import DistributedProcesses
from .query_results import gather_query_results
from .ranked_lists import RankedList, list_evenly


class _Found(NamedTuple):
    """Of one trial and one part of the descriptor.

    Attributes:
        rankings: The plain one, and others by what comes before their names.
        verification: If it was asked for.
    """
    rankings: Dict[str, RankingResult]
    verification: Optional[VerificationResult]


@METRICS.register_module()
class ReIDMetric(BaseMetric):
    """mAP, mINP and Rank-k of a test set, in percent.

    Each sample says itself whether it is query or gallery. Images of the
    query's person by the query's camera are left out; where a camera is not
    known, nothing is. Of several datasets, joined by MMEngine's
    ``ConcatDataset``, each is measured by itself, and its name comes before
    the metric's, as ``reid/Market1501/mAP``.

    With several processes each keeps the features that it computed, and the
    metrics are the same to the last bit as with one.

    Args:
        ranks (Sequence[int]): The k of Rank-k. Defaults to (1, 5, 10).
        metric (str): ``'cosine'`` or ``'euclidean'``. Defaults to
            ``'cosine'``.
        embeddings (Sequence[str] | Mapping[str, Sequence[str]]): What else to
            measure beside the descriptor, from the same features: embeddings
            one by one, or combinations of them by a name of one's choice. They
            must be part of the descriptor. Their metrics have the name before
            them, as ``reid/cnn/mAP``. Defaults to ``()``, nothing.
        num_trials (int): If not 0, roles are not those of the dataset: so
            many times a gallery of one image of each person is drawn, and the
            metrics are the mean, as VehicleID's protocol wants it. Defaults
            to 0.
        device (str): Where features are compared. ``'cuda'`` needs room for
            all that a process has, beside the model. Defaults to ``'cpu'``.
        rerank (Mapping, optional): Arguments of
            :func:`fusionreid_mm.evaluation.evaluate_reranked`, such as
            ``dict(k1=20, k2=6, lambda_value=0.3)``, which are the defaults.
            What re-ranking achieves stands beside the other metrics, as
            ``reid/rerank_mAP``; all features go to the main process for it.
            Defaults to None.
        query_expansion (Mapping, optional): Likewise, those of
            :func:`fusionreid_mm.evaluation.expand_queries`, such as
            ``dict(k=5)``, for ``reid/aqe_mAP``. Defaults to None.
        fars (Sequence[float]): If any, how well a threshold tells whether two
            images show one person is measured too: ``TAR@FAR=0.001`` for each
            false accept rate, and ``EER``. Defaults to ``()``.
        out (str, optional): An ``.npz`` file for what was found out about
            each query (:class:`fusionreid_mm.evaluation.QueryResults`); with
            ``fars``, the thresholds lie beside it, as JSON. Of several
            datasets, each has files of its own. Defaults to None.
        topk (int): Nearest images of each query in that file. Defaults to 10.
        **kwargs: Arguments of :class:`mmengine.evaluator.BaseMetric`.

    Attributes:
        rankings (Dict[str, RankingResult]): Of the last evaluation, query by
            query, by the names of the datasets; with trials, of the first.
        ranked_lists (Dict[str, List[RankedList]]): Likewise, if
            :meth:`list_queries` asked for them.
        observers (List[Callable]): Called in all processes with each
            :class:`.EvaluatedDataset`, in order.

    Raises:
        ValueError: If ``ranks`` are not whole numbers from 1, ``metric`` is
            neither word, ``embeddings`` does not list names, each once,
            ``num_trials`` is negative, ``fars`` are not between 0 and 1,
            ``topk`` is less than 1, or ``out`` does not end with ``.npz``; or
            what ``rerank`` or ``query_expansion`` say cannot be.
        TypeError: If they have other keys than the functions' arguments.

    Examples:
        >>> metric = ReIDMetric(
        ...     ranks=[1], embeddings=dict(htm=['cnn_htm', 'transformer_htm']))
        >>> metric.names  # doctest: +NORMALIZE_WHITESPACE
        ['reid/mAP', 'reid/mINP', 'reid/Rank-1',
         'reid/htm/mAP', 'reid/htm/mINP', 'reid/htm/Rank-1']
    """

    default_prefix = 'reid'

    def __init__(self,
                 ranks: Sequence[int] = (1, 5, 10),
                 metric: str = 'cosine',
                 embeddings: Union[Sequence[str], Mapping[str,
                                                          Sequence[str]]] = (),
                 num_trials: int = 0,
                 device: str = 'cpu',
                 rerank: Optional[Mapping[str, Any]] = None,
                 query_expansion: Optional[Mapping[str, Any]] = None,
                 fars: Sequence[float] = (),
                 out: Optional[str] = None,
                 topk: int = 10,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if metric not in SIMILARITIES:
            raise ValueError(
                f'metric must be one of {SIMILARITIES}: got {metric!r}')
        if not isinstance(ranks, (list, tuple)) or not ranks or any(
                type(rank) is not int or rank < 1 for rank in ranks):
            raise ValueError('ranks must be a list of whole numbers from 1: '
                             f'got {ranks!r}')
        if num_trials < 0:
            raise ValueError(f'num_trials must be 0 or more: got {num_trials}')
        if any(not 0 <= far < 1 for far in fars) or topk < 1:
            raise ValueError(
                'fars must be rates from 0 to below 1 and topk at '
                f'least 1: got {fars} and {topk}')
        if out is not None and not out.endswith('.npz'):
            raise ValueError(f'out must end with .npz: got {out!r}')
        self.ranks = ranks
        self.num_trials = num_trials
        self.device = torch.device(device)
        self.fars = fars
        self.out = out
        self.topk = topk
        self._ways: Dict[str, Callable[..., RankingResult]] = {
            '': partial(evaluate_shards, metric=metric)
        }
        if rerank is not None:
            check_reranking(**rerank)
            self._ways['rerank_'] = partial(
                evaluate_reranked_shards, metric=metric, **rerank)
        if query_expansion is not None:
            check_query_expansion(**query_expansion)
            self._ways['aqe_'] = partial(evaluate_expanded_shards,
                                         **query_expansion)
        names = ['mAP', 'mINP', *(f'Rank-{rank}' for rank in ranks)]
        self._metrics = [way + name for way in self._ways for name in names]
        if fars:
            self._metrics += [f'TAR@FAR={far:g}' for far in fars] + ['EER']
        self.metric = metric
        self.embeddings = _combinations(embeddings)
        self.rankings: Dict[str, RankingResult] = {}
        self.ranked_lists: Dict[str, List[RankedList]] = {}
        self.observers: List[Callable[[EvaluatedDataset], None]] = []
        self._lists: Optional[Dict[str, int]] = None
        self._images = CollectedImages()
        self._columns: Mapping[str, Sequence[int]] = {}

    @property
    def names(self) -> List[str]:
        """What the metrics of a single dataset are called."""
        return self.names_of([''])

    def names_of(self, datasets: Sequence[str]) -> List[str]:
        """What the metrics of some datasets are called."""
        return [
            f'{heading}/{name}' for dataset in datasets
            for heading in self._headings(dataset, len(datasets))
            for name in self._metrics
        ]

    def _headings(self, dataset: str, num_datasets: int) -> List[str]:
        """What stands before the metrics of the descriptor, and of each part
        of it."""
        first = self.prefix
        if num_datasets > 1:
            first = f'{first}/{dataset}'
        return [first, *(f'{first}/{part}' for part in self.embeddings)]

    def check_embeddings(self, available: Collection[str]) -> None:
        """Refuse names that are not among the embeddings of the descriptor.

        Raises:
            ValueError: If there are any.
        """
        for part, names in self.embeddings.items():
            unknown = [name for name in names if name not in available]
            if unknown:
                raise ValueError(
                    f'ReIDMetric is to measure {part!r}, but {unknown} is not '
                    f'in the descriptor, which consists of {list(available)} '
                    '(model.head.test_embeddings)')

    def list_queries(self, num_queries: int, topk: int) -> None:
        """Let the next evaluations keep what was found for some queries.

        Args:
            num_queries (int): Queries of each dataset, evenly spread.
            topk (int): Gallery images of each.
        """
        self._lists = dict(num_queries=num_queries, topk=topk)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what ranking needs of each sample."""
        self._columns = data_samples[0].get('embedding_columns', {})
        self.check_embeddings(self._columns)
        self._images.add(data_samples)

    def evaluate(self, size: int) -> Dict[str, float]:
        """The metrics of all samples of all processes. Features stay where
        they were computed.

        Args:
            size (int): Images of the test.

        Raises:
            ValueError: If there are no queries, no gallery, or no matches.
        """
        processes = DistributedProcesses()
        test_sets = self._images.take(size, processes)
        metrics: Dict[str, float] = {}
        self.rankings, self.ranked_lists = {}, {}
        for name, test_set in test_sets.items():
            descriptor, *parts = self._headings(name, len(test_sets))
            trials = list(self._trials(test_set, processes))
            found = [self._measure(trial, processes) for trial in trials]
            metrics.update(self._in_percent(found, descriptor))
            self.rankings[name] = found[0].rankings['']
            if self._lists is not None:
                self.ranked_lists[name] = list_evenly(trials[0], processes,
                                                      self.metric,
                                                      **self._lists)
            if self.out is not None:
                self._write(trials[0], found[0], processes,
                            f'_{name}' if len(test_sets) > 1 else '')
            rankings = {DESCRIPTOR: self.rankings[name]}
            columns = self._columns_of_parts()
            for part, heading in zip(columns, parts):
                found = [
                    self._measure(
                        take_columns(trial, columns[part]), processes)
                    for trial in trials
                ]
                metrics.update(self._in_percent(found, heading))
                rankings[part] = found[0].rankings['']
            dataset = EvaluatedDataset(
                str(name), trials[0], columns, rankings, self.metric,
                self.device, processes)
            for observe in self.observers:
                observe(dataset)
        return metrics

    def _trials(self, test_set: TestSet,
                processes: DistributedProcesses) -> Iterator[TestSet]:
        if not self.num_trials:
            return iter([test_set])
        return redraw_galleries(test_set, self.num_trials, processes)

    def _columns_of_parts(self) -> Dict[str, Sequence[Sequence[int]]]:
        """Of each part that is to be measured."""
        return {
            part: [self._columns[name] for name in names]
            for part, names in self.embeddings.items()
        }

    def compute_metrics(self, results: List[Any]) -> Dict[str, float]:
        """MMEngine's way, which needs all features at one process."""
        raise NotImplementedError('ReIDMetric does not collect results: call '
                                  'evaluate() in all processes')

    def _measure(self, test_set: TestSet,
                 processes: DistributedProcesses) -> _Found:
        query, gallery = (
            images._replace(features=images.features.to(self.device))
            for images in (test_set.query, test_set.gallery))
        max_rank = max(50, *self.ranks)
        rankings = {
            way: evaluate(query, gallery, processes, max_rank=max_rank)
            for way, evaluate in self._ways.items()
        }
        verification = None
        if self.fars:
            verification = verify_shards(
                query, gallery, processes, fars=self.fars, metric=self.metric)
        return _Found(rankings, verification)

    def _in_percent(self, found: Sequence[_Found],
                    heading: str) -> Dict[str, float]:
        """The means of all trials."""
        means = np.mean([self._values(trial) for trial in found], axis=0)
        return {
            f'{heading}/{name}': 100 * float(value)
            for name, value in zip(self._metrics, means)
        }

    def _values(self, found: _Found) -> List[float]:
        rankings, verification = found
        values = []
        for ranking in rankings.values():
            values += [ranking.mAP, ranking.mINP]
            values += [ranking.cmc[rank - 1] for rank in self.ranks]
        if verification is not None:
            values += [verification.tar_at_far[far].tar for far in self.fars]
            values.append(verification.eer)
        return values

    def _write(self, test_set: TestSet, found: _Found,
               processes: DistributedProcesses, suffix: str) -> None:
        """The results query by query, and the thresholds."""
        assert self.out is not None
        results = gather_query_results(test_set, found.rankings[''], processes,
                                       self.metric, self.topk)
        if not is_main_process():
            return
        path = self.out[:-len('.npz')] + suffix
        save_results(f'{path}.npz', results)
        if found.verification is not None:
            save_thresholds(f'{path}_thresholds.json', found.verification,
                            self.metric)
        print_log(f'Results of each query are in {path}.npz', 'current')


def _combinations(
    embeddings: Union[Sequence[str], Mapping[str, Sequence[str]]]
) -> Dict[str, List[str]]:
    """The embeddings of each part that is to be measured, by its name."""
    parts: Dict[str, Sequence[str]] = {}
    is_good = False
    if isinstance(embeddings, (list, tuple)):
        parts = {name: [name] for name in embeddings}
        is_good = len(parts) == len(embeddings)
    elif isinstance(embeddings, Mapping):
        parts = dict(embeddings)
        is_good = all(
            isinstance(names, (list, tuple)) and names
            and len(set(names)) == len(names) for names in parts.values())
    if not is_good or not all(
            isinstance(name, str) and name for part, names in parts.items()
            for name in (part, *names)):
        raise ValueError(
            'embeddings must list embeddings of the model, each once, or give '
            "such lists by name, as {'htm': ['cnn_htm', 'transformer_htm']}: "
            f'got {embeddings!r}')
    return {part: list(names) for part, names in parts.items()}
