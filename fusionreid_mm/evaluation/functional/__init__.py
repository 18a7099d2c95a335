from .distance import METRICS, Similarity, build_similarity
from .match_ranks import Annotations, GalleryShard, MatchRanks
from .ranking import RankingResult, evaluate_ranking

__all__ = [
    'METRICS', 'Annotations', 'GalleryShard', 'MatchRanks', 'RankingResult',
    'Similarity', 'build_similarity', 'evaluate_ranking'
]
