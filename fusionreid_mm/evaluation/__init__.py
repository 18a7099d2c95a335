from .functional import (Nearest, RankingResult, evaluate_ranking,
                         find_nearest)
from .metrics import ReIDMetric

__all__ = [
    'Nearest', 'RankingResult', 'ReIDMetric', 'evaluate_ranking',
    'find_nearest'
]
