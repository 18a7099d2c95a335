from .distance import METRICS, similarity_blocks
from .ranking import RankingResult, evaluate_ranking, ranks_of_matches

__all__ = [
    'METRICS', 'RankingResult', 'evaluate_ranking', 'ranks_of_matches',
    'similarity_blocks'
]
