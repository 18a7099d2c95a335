from .checkpoint import convert_official_state_dict
from .hooks import (BadImageHook, BadLossError, ChannelsLastHook,
                    CheckpointFitHook, CheckpointHook, EarlyStoppingHook,
                    EpochSeedHook, ExplanationHook, FeatureDistributionHook,
                    LossGuardHook, RankedListHook, ReIDProtocolHook,
                    ReportHook, ValidateBeforeTrainHook)
from .optim_wrappers import AmpOptimWrapper
from .schedulers import WarmupCosineLR

__all__ = [
    'AmpOptimWrapper', 'BadImageHook', 'BadLossError', 'ChannelsLastHook',
    'CheckpointFitHook', 'CheckpointHook', 'EarlyStoppingHook',
    'EpochSeedHook', 'ExplanationHook', 'FeatureDistributionHook',
    'LossGuardHook', 'RankedListHook', 'ReIDProtocolHook', 'ReportHook',
    'ValidateBeforeTrainHook', 'WarmupCosineLR', 'convert_official_state_dict'
]
