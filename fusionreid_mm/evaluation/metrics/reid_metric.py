from typing import Any, Dict, List, Optional, Sequence

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
        **kwargs: Arguments of :class:`mmengine.evaluator.BaseMetric`.

    Attributes:
        ranking (RankingResult, optional): Of the last evaluation, query by
            query, on the main process.

    Raises:
        ValueError: If ``ranks`` are not whole numbers from 1, or ``metric`` is
            neither word.
    """

    default_prefix = 'reid'

    def __init__(self,
                 ranks: Sequence[int] = (1, 5, 10),
                 metric: str = 'cosine',
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
        self.ranking: Optional[RankingResult] = None

    @property
    def names(self) -> List[str]:
        """What the metrics are called."""
        ranks = [f'Rank-{rank}' for rank in self.ranks]
        return [f'{self.prefix}/{name}' for name in ('mAP', 'mINP', *ranks)]

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what ranking needs of each sample."""
        for sample in data_samples:
            role = sample['split']
            self.results.append(
                dict(
                    # A copy: a view would keep the whole batch alive.
                    feature=sample['feature'].float().cpu().numpy().copy(),
                    pid=sample['pid'],
                    camid=sample.get('camid', _UNKNOWN_CAMERA.get(role)),
                    role=role))

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """The metrics of all samples, from all processes."""
        query = _columns(results, 'query')
        gallery = _columns(results, 'gallery')
        self.ranking = evaluate_ranking(
            query['feature'],
            gallery['feature'],
            query['pid'],
            gallery['pid'],
            query['camid'],
            gallery['camid'],
            metric=self.metric,
            max_rank=max(50, *self.ranks))
        metrics = dict(mAP=self.ranking.mAP, mINP=self.ranking.mINP)
        for rank in self.ranks:
            metrics[f'Rank-{rank}'] = self.ranking.cmc[rank - 1]
        return {name: 100 * float(value) for name, value in metrics.items()}


def _columns(results: List[dict], role: str) -> Dict[str, np.ndarray]:
    rows = [result for result in results if result['role'] == role]
    if not rows:
        raise ValueError(
            f'there are no {role} images among the {len(results)} evaluated '
            "ones: ReIDMetric needs a dataset with split='test'")
    return {
        key: np.stack([row[key] for row in rows])
        for key in ('feature', 'pid', 'camid')
    }
