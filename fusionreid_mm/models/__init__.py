from .backbones import ReIDResNet, SIEVisionTransformer
from .branches import CNNBranch, TransformerBranch
from .data_preprocessors import ReIDDataPreprocessor
from .heads import BNNeck, MultiBranchReIDHead
from .layers import (CrossAttention, HeterogenousTransmissionModule,
                     LocalRefinementUnit, MutualFusionUnit, PointwiseUnit,
                     SharedEncodingUnit)
from .losses import BatchHardTripletLoss, CrossEntropyLoss
from .necks import BaseFusionNeck, DualAttentionMutualFusion
from .reid import FusionReID

__all__ = [
    'BNNeck', 'BaseFusionNeck', 'BatchHardTripletLoss', 'CNNBranch',
    'CrossAttention', 'CrossEntropyLoss', 'DualAttentionMutualFusion',
    'FusionReID', 'HeterogenousTransmissionModule', 'JointTransformerFusion',
    'LocalRefinementUnit', 'MultiBranchReIDHead', 'MutualFusionUnit',
    'PointwiseUnit', 'ReIDDataPreprocessor', 'ReIDResNet',
    'SIEVisionTransformer', 'SharedEncodingUnit', 'TransformerBranch'
]
