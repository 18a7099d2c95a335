from .backbones import (ReIDResNet, SIET2TViT, SIEVisionTransformer,
                        TIMMVisionTransformer)
from .branches import CNNBranch, TransformerBranch
from .data_preprocessors import ReIDDataPreprocessor
from .heads import BNNeck, MultiBranchReIDHead
from .layers import (CrossAttention, HeterogenousTransmissionModule,
                     LocalRefinementUnit, MutualFusionUnit, SharedEncodingUnit)
from .losses import BatchHardTripletLoss, CrossEntropyLoss
from .necks import DualAttentionMutualFusion
from .reid import FusionReID
from .weight_init import PretrainedInit

__all__ = [
    'BNNeck', 'BatchHardTripletLoss', 'CNNBranch', 'CrossAttention',
    'CrossEntropyLoss', 'DualAttentionMutualFusion', 'FusionReID',
    'HeterogenousTransmissionModule', 'LocalRefinementUnit',
    'MultiBranchReIDHead', 'MutualFusionUnit', 'PretrainedInit',
    'ReIDDataPreprocessor', 'ReIDResNet', 'SIET2TViT', 'SIEVisionTransformer',
    'SharedEncodingUnit', 'TIMMVisionTransformer', 'TransformerBranch'
]
