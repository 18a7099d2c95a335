from .distance import METRICS, Similarity, build_similarity
from .images import Images
from .match_ranks import Annotations, GalleryShard, MatchRanks, Processes
from .ranking import RankingResult, evaluate_ranking, evaluate_shards
from .trials import draw_gallery

__all__ = [
    'METRICS', 'Annotations', 'GalleryShard', 'Images', 'MatchRanks',
    'Processes', 'RankingResult', 'Similarity', 'build_similarity',
    'draw_gallery', 'evaluate_ranking', 'evaluate_shards'
]
