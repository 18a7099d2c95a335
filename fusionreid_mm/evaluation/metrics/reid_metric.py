from typing import (Any, Collection, Dict, List, Mapping, Optional, Sequence,
                    Union)

import numpy as np
from mmengine.evaluator import BaseMetric

from fusionreid_mm.registry import METRICS
from ..functional import METRICS as SIMILARITIES
from ..functional import RankingResult, evaluate_ranking

# Images whose camera is not known were taken by different ones.
_UNKNOWN_CAMERA = {'query': -1, 'gallery': -2}


@METRICS.register_module()
class ReIDMetric(BaseMetric):
    """mAP, mINP and Rank-k of a test set, in percent.

    Each sample says itself whether it is query or gallery. Images of the
    query's person by the query's camera are left out; where a camera is not
    known, nothing is.

    Args:
        ranks (Sequence[int]): The k of Rank-k. Defaults to (1, 5, 10).
        metric (str): ``'cosine'`` or ``'euclidean'``. Defaults to
            ``'cosine'``.
        embeddings (Sequence[str] | Mapping[str, Sequence[str]]): What else to
            measure beside the descriptor, from the same features: embeddings
            one by one, or combinations of them by a name of one's choice. They
            must be part of the descriptor. Their metrics have the name before
            them, as ``reid/cnn/mAP``. Defaults to ``()``, nothing.
        **kwargs: Arguments of :class:`mmengine.evaluator.BaseMetric`.

    Attributes:
        ranking (RankingResult, optional): Of the last evaluation, query by
            query, on the main process.

    Raises:
        ValueError: If ``ranks`` are not whole numbers from 1, ``metric`` is
            neither word, or ``embeddings`` does not list names, each once.

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
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if metric not in SIMILARITIES:
            raise ValueError(
                f'metric must be one of {SIMILARITIES}: got {metric!r}')
        if not isinstance(ranks, (list, tuple)) or not ranks or any(
                type(rank) is not int or rank < 1 for rank in ranks):
            raise ValueError('ranks must be a list of whole numbers from 1: '
                             f'got {ranks!r}')
        self.ranks = ranks
        self.metric = metric
        self.embeddings = _combinations(embeddings)
        self.ranking: Optional[RankingResult] = None

    @property
    def names(self) -> List[str]:
        """What the metrics are called."""
        ranks = [f'Rank-{rank}' for rank in self.ranks]
        parts = [self.prefix, *(f'{self.prefix}/{p}' for p in self.embeddings)]
        return [
            f'{part}/{name}' for part in parts
            for name in ('mAP', 'mINP', *ranks)
        ]

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
        for sample in data_samples:
            role = sample['split']
            columns = sample.get('embedding_columns', {})
            self.check_embeddings(columns)
            self.results.append(
                dict(
                    # A copy: a view would keep the whole batch alive.
                    feature=sample['feature'].float().cpu().numpy().copy(),
                    columns=columns,
                    pid=sample['pid'],
                    camid=sample.get('camid', _UNKNOWN_CAMERA.get(role)),
                    role=role))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """The metrics of all samples, from all processes."""
        query = _stack(results, 'query')
        gallery = _stack(results, 'gallery')
        self.ranking = self._rank(query, gallery)
        metrics = self._in_percent(self.ranking)
        columns = results[0]['columns']
        for part, names in self.embeddings.items():
            ranges = [columns[name] for name in names]
            ranking = self._rank(
                _take_columns(query, ranges), _take_columns(gallery, ranges))
            metrics.update({
                f'{part}/{name}': value
                for name, value in self._in_percent(ranking).items()
            })
        return metrics

    def _rank(self, query: Dict[str, np.ndarray],
              gallery: Dict[str, np.ndarray]) -> RankingResult:
        return evaluate_ranking(
            query['feature'],
            gallery['feature'],
            query['pid'],
            gallery['pid'],
            query['camid'],
            gallery['camid'],
            metric=self.metric,
            max_rank=max(50, *self.ranks))

    def _in_percent(self, ranking: RankingResult) -> Dict[str, float]:
        metrics = dict(mAP=ranking.mAP, mINP=ranking.mINP)
        for rank in self.ranks:
            metrics[f'Rank-{rank}'] = ranking.cmc[rank - 1]
        return {name: 100 * float(value) for name, value in metrics.items()}


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


def _take_columns(samples: Dict[str, np.ndarray],
                  ranges: Sequence[Sequence[int]]) -> Dict[str, np.ndarray]:
    """The samples with some columns of their features alone."""
    parts = [samples['feature'][:, start:end] for start, end in ranges]
    return {**samples, 'feature': np.concatenate(parts, axis=1)}


def _stack(results: List[dict], role: str) -> Dict[str, np.ndarray]:
    rows = [result for result in results if result['role'] == role]
    if not rows:
        raise ValueError(
            f'there are no {role} images among the {len(results)} evaluated '
            "ones: ReIDMetric needs a dataset with split='test'")
    return {
        key: np.stack([row[key] for row in rows])
        for key in ('feature', 'pid', 'camid')
    }
