from .evaluated_dataset import DESCRIPTOR, EvaluatedDataset
from .findings import Disagreement, Findings, collect_findings
from .ranked_lists import ListedImage, RankedList, lists_of_results
from .reid_metric import ReIDMetric

__all__ = [
    'DESCRIPTOR', 'Disagreement', 'EvaluatedDataset', 'Findings',
    'ListedImage', 'RankedList', 'ReIDMetric', 'collect_findings',
    'lists_of_results'
]
