from .dual_attention_mutual_fusion import DualAttentionMutualFusion

__all__ = ['DualAttentionMutualFusion']
