from .functional import (Nearest, RankingResult, VerificationResult,
                         confidence_interval, evaluate_ranking,
                         evaluate_reranked, evaluate_verification,
                         expand_queries, find_nearest, paired_difference,
                         query_scores)
from .metrics import ListedImage, RankedList, ReIDMetric
from .results import (QueryResults, load_results, load_thresholds,
                      match_queries, save_results, save_thresholds)

__all__ = [
    'ListedImage', 'Nearest', 'QueryResults', 'RankedList', 'RankingResult',
    'ReIDMetric', 'VerificationResult', 'confidence_interval',
    'evaluate_ranking', 'evaluate_reranked', 'evaluate_verification',
    'expand_queries', 'find_nearest', 'load_results', 'load_thresholds',
    'match_queries', 'paired_difference', 'query_scores', 'save_results',
    'save_thresholds'
]
