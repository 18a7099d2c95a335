from .backbones import (IBNResNet, ReIDResNet, SIET2TViT, SIEVisionTransformer,
                        TIMMVisionTransformer)
from .branches import CNNBranch, TransformerBranch
from .data_preprocessors import ReIDDataPreprocessor
from .heads import BNNeck, MultiBranchReIDHead
from .layers import (CrossAttention, HeterogenousTransmissionModule,
                     LocalRefinementUnit, MutualFusionUnit, PointwiseUnit,
                     SharedEncodingUnit)
from .losses import BatchHardTripletLoss, CrossEntropyLoss
from .necks import (BaseFusionNeck, ConcatFusion, DualAttentionMutualFusion,
                    JointTransformerFusion, LocalRefinement, MLPFusion,
                    SumFusion)
from .reid import AverageFeatureTTA, FusionReID
from .weight_init import PretrainedInit

__all__ = [
    'AverageFeatureTTA', 'BNNeck', 'BaseFusionNeck', 'BatchHardTripletLoss',
    'CNNBranch', 'ConcatFusion', 'CrossAttention', 'CrossEntropyLoss',
    'DualAttentionMutualFusion', 'FusionReID',
    'HeterogenousTransmissionModule', 'IBNResNet', 'JointTransformerFusion',
    'LocalRefinement', 'LocalRefinementUnit', 'MLPFusion',
    'MultiBranchReIDHead', 'MutualFusionUnit', 'PointwiseUnit',
    'PretrainedInit', 'ReIDDataPreprocessor', 'ReIDResNet', 'SIET2TViT',
    'SIEVisionTransformer', 'SharedEncodingUnit', 'SumFusion',
    'TIMMVisionTransformer', 'TransformerBranch'
]
