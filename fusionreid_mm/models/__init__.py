from .backbones import ReIDResNet, SIEVisionTransformer
from .branches import CNNBranch, TransformerBranch
from .data_preprocessors import ReIDDataPreprocessor
from .heads import BNNeck, MultiBranchReIDHead
from .layers import (CrossAttention, HeterogenousTransmissionModule,
                     LocalRefinementUnit, MutualFusionUnit, PointwiseUnit,
                     SharedEncodingUnit)
from .losses import BatchHardTripletLoss, CrossEntropyLoss
from .necks import (BaseFusionNeck, ConcatFusion, DualAttentionMutualFusion,
                    JointTransformerFusion, MLPFusion, SumFusion)
from .reid import FusionReID

__all__ = [
    'BNNeck', 'BaseFusionNeck', 'BatchHardTripletLoss', 'CNNBranch',
    'ConcatFusion', 'CrossAttention', 'CrossEntropyLoss',
    'DualAttentionMutualFusion', 'FusionReID',
    'HeterogenousTransmissionModule', 'JointTransformerFusion',
    'LocalRefinementUnit', 'MLPFusion', 'MultiBranchReIDHead',
    'MutualFusionUnit', 'PointwiseUnit', 'ReIDDataPreprocessor', 'ReIDResNet',
    'SIEVisionTransformer', 'SharedEncodingUnit', 'SumFusion',
    'TransformerBranch'
]
