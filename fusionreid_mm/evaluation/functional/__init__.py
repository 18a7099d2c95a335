from .bootstrap import (Difference, Interval, confidence_interval,
                        paired_difference, query_scores)
from .branch_alignment import (DISTANCES, Stage, align_branches, halves_apart,
                               stages_of, unit_vectors)
from .camera_pairs import CameraPairs, evaluate_camera_pairs
from .disagreement import Verdict, group_by_verdict
from .distance import METRICS, Similarity, build_similarity
from .feature_distributions import (cross_identity_agreement, frechet_distance,
                                    linear_cka, maximum_mean_discrepancy,
                                    mean_gap, neighbor_agreement,
                                    sliced_wasserstein)
from .images import Images, collect_images
from .match_ranks import Annotations, GalleryShard, MatchRanks, Processes
from .nearest import NOBODY, Nearest, find_nearest, find_nearest_in_shards
from .precision_recall import precision_at_recall
from .query_expansion import (check_query_expansion, evaluate_expanded_shards,
                              expand_queries)
from .ranking import RankingResult, evaluate_ranking, evaluate_shards
from .reranking import (check_reranking, evaluate_reranked,
                        evaluate_reranked_shards)
from .score_histogram import ScoreHistogram, count_scores
from .trials import draw_gallery
from .verification import (OperatingPoint, VerificationResult,
                           evaluate_verification, verify_shards)

__all__ = [
    'DISTANCES', 'METRICS', 'NOBODY', 'Annotations', 'CameraPairs',
    'Difference', 'GalleryShard', 'Images', 'Interval', 'MatchRanks',
    'Nearest', 'OperatingPoint', 'Processes', 'RankingResult',
    'ScoreHistogram', 'Similarity', 'Stage', 'Verdict', 'VerificationResult',
    'align_branches', 'build_similarity', 'check_query_expansion',
    'check_reranking', 'collect_images', 'confidence_interval', 'count_scores',
    'cross_identity_agreement', 'draw_gallery', 'evaluate_camera_pairs',
    'evaluate_expanded_shards', 'evaluate_ranking', 'evaluate_reranked',
    'evaluate_reranked_shards', 'evaluate_shards', 'evaluate_verification',
    'expand_queries', 'find_nearest', 'find_nearest_in_shards',
    'frechet_distance', 'group_by_verdict', 'halves_apart', 'linear_cka',
    'maximum_mean_discrepancy', 'mean_gap', 'neighbor_agreement',
    'paired_difference', 'precision_at_recall', 'query_scores',
    'sliced_wasserstein', 'stages_of', 'unit_vectors', 'verify_shards'
]
