from .functional import RankingResult, evaluate_ranking
from .metrics import ReIDMetric

__all__ = ['RankingResult', 'ReIDMetric', 'evaluate_ranking']
