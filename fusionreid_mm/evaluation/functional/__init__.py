from .distance import METRICS, Similarity, build_similarity
from .images import Images
from .match_ranks import Annotations, GalleryShard, MatchRanks, Processes
from .nearest import NOBODY, Nearest, find_nearest, find_nearest_in_shards
from .ranking import RankingResult, evaluate_ranking, evaluate_shards
from .trials import draw_gallery

__all__ = [
    'METRICS', 'NOBODY', 'Annotations', 'GalleryShard', 'Images', 'MatchRanks',
    'Nearest', 'Processes', 'RankingResult', 'Similarity', 'build_similarity',
    'draw_gallery', 'evaluate_ranking', 'evaluate_shards', 'find_nearest',
    'find_nearest_in_shards'
]
