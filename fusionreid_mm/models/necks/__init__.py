from .base_fusion_neck import BaseFusionNeck
from .concat_fusion import ConcatFusion
from .dual_attention_mutual_fusion import DualAttentionMutualFusion
from .joint_transformer_fusion import JointTransformerFusion
from .local_refinement import LocalRefinement
from .mlp_fusion import MLPFusion
from .sum_fusion import SumFusion

__all__ = [
    'BaseFusionNeck', 'ConcatFusion', 'DualAttentionMutualFusion',
    'JointTransformerFusion', 'LocalRefinement', 'MLPFusion', 'SumFusion'
]
