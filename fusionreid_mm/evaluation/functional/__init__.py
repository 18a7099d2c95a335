from .distance import METRICS, similarity_blocks
from .ranking import RankingResult, evaluate_ranking, ranks_of_matches
from .trials import draw_gallery

__all__ = [
    'METRICS', 'RankingResult', 'draw_gallery', 'evaluate_ranking',
    'ranks_of_matches', 'similarity_blocks'
]
