from .backbones import ReIDResNet, SIEVisionTransformer
from .branches import CNNBranch, TransformerBranch
from .data_preprocessors import ReIDDataPreprocessor
from .heads import BNNeck, MultiBranchReIDHead
from .layers import (CrossAttention, HeterogenousTransmissionModule,
                     LocalRefinementUnit, MutualFusionUnit, SharedEncodingUnit)
from .losses import BatchHardTripletLoss, CrossEntropyLoss
from .necks import DualAttentionMutualFusion
from .reid import FusionReID

__all__ = [
    'BNNeck', 'BatchHardTripletLoss', 'CNNBranch', 'CrossAttention',
    'CrossEntropyLoss', 'DualAttentionMutualFusion', 'FusionReID',
    'HeterogenousTransmissionModule', 'LocalRefinementUnit',
    'MultiBranchReIDHead', 'MutualFusionUnit', 'ReIDDataPreprocessor',
    'ReIDResNet', 'SIEVisionTransformer', 'SharedEncodingUnit',
    'TransformerBranch'
]
