from .average_feature_tta import AverageFeatureTTA
from .fusion_reid import FusionReID

__all__ = ['AverageFeatureTTA', 'FusionReID']
