from .distance import similarity_blocks
from .ranking import RankingResult, evaluate_ranking, ranks_of_matches

__all__ = [
    'RankingResult', 'evaluate_ranking', 'ranks_of_matches',
    'similarity_blocks'
]
