from .base_fusion_neck import BaseFusionNeck
from .dual_attention_mutual_fusion import DualAttentionMutualFusion

__all__ = ['BaseFusionNeck', 'DualAttentionMutualFusion']
