from typing import (Any, Collection, Dict, Iterator, List, Mapping, Optional,
                    Sequence, Union)

import numpy as np
import torch
from mmengine.evaluator import BaseMetric

from fusionreid_mm.registry import METRICS
from ..functional import METRICS as SIMILARITIES
from ..functional import RankingResult, evaluate_shards
from .collected_images import CollectedImages, TestSet, redraw_galleries
from .processes import DistributedProcesses


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
        **kwargs: Arguments of :class:`mmengine.evaluator.BaseMetric`.

    Attributes:
        rankings (Dict[str, RankingResult]): Of the last evaluation, query by
            query, by the names of the datasets; with trials, of the first.

    Raises:
        ValueError: If ``ranks`` are not whole numbers from 1, ``metric`` is
            neither word, ``embeddings`` does not list names, each once, or
            ``num_trials`` is negative.

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
        self.ranks = ranks
        self.num_trials = num_trials
        self.device = torch.device(device)
        self._metrics = ['mAP', 'mINP', *(f'Rank-{rank}' for rank in ranks)]
        self.metric = metric
        self.embeddings = _combinations(embeddings)
        self.rankings: Dict[str, RankingResult] = {}
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
        self.rankings = {}
        for name, test_set in test_sets.items():
            headings = self._headings(name, len(test_sets))
            for heading, columns in zip(headings, [None, *self._parts()]):
                rankings = [
                    self._rank(trial, columns, processes)
                    for trial in self._trials(test_set, processes)
                ]
                metrics.update(self._in_percent(rankings, heading))
                if columns is None:
                    self.rankings[name] = rankings[0]
        return metrics

    def _trials(self, test_set: TestSet,
                processes: DistributedProcesses) -> Iterator[TestSet]:
        if not self.num_trials:
            return iter([test_set])
        return redraw_galleries(test_set, self.num_trials, processes)

    def _parts(self) -> List[List[Sequence[int]]]:
        """The columns of each part that is to be measured."""
        return [[self._columns[name] for name in names]
                for names in self.embeddings.values()]

    def compute_metrics(self, results: List[Any]) -> Dict[str, float]:
        """MMEngine's way, which needs all features at one process."""
        raise NotImplementedError('ReIDMetric does not collect results: call '
                                  'evaluate() in all processes')

    def _rank(self, test_set: TestSet,
              columns: Optional[Sequence[Sequence[int]]],
              processes: DistributedProcesses) -> RankingResult:
        if columns is not None:
            test_set = _take_columns(test_set, columns)
        query, gallery = (
            images._replace(features=images.features.to(self.device))
            for images in test_set)
        return evaluate_shards(
            query,
            gallery,
            processes,
            metric=self.metric,
            max_rank=max(50, *self.ranks))

    def _in_percent(self, rankings: Sequence[RankingResult],
                    heading: str) -> Dict[str, float]:
        """The means of all trials."""
        values = [[
            ranking.mAP, ranking.mINP, *(ranking.cmc[rank - 1]
                                         for rank in self.ranks)
        ] for ranking in rankings]
        return {
            f'{heading}/{name}': 100 * float(value)
            for name, value in zip(self._metrics, np.mean(values, axis=0))
        }


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


def _take_columns(test_set: TestSet,
                  ranges: Sequence[Sequence[int]]) -> TestSet:
    """The images with some columns of their features alone."""
    parts = []
    for images in test_set:
        columns = [images.features[:, start:end] for start, end in ranges]
        features = columns[0] if len(columns) == 1 else torch.cat(columns, 1)
        parts.append(images._replace(features=features))
    return TestSet(*parts)
