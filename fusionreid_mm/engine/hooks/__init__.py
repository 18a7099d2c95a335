from .bad_image_hook import BadImageHook
from .channels_last_hook import ChannelsLastHook
from .checkpoint_fit_hook import CheckpointFitHook
from .checkpoint_hook import CheckpointHook
from .early_stopping_hook import EarlyStoppingHook
from .epoch_seed_hook import EpochSeedHook
from .explanation_hook import ExplanationHook
from .feature_distribution_hook import FeatureDistributionHook
from .loss_guard_hook import BadLossError, LossGuardHook
from .ranked_list_hook import RankedListHook
from .reid_protocol_hook import ReIDProtocolHook
from .report_hook import ReportHook
from .validate_before_train_hook import ValidateBeforeTrainHook

__all__ = [
    'BadImageHook', 'BadLossError', 'ChannelsLastHook', 'CheckpointFitHook',
    'CheckpointHook', 'EarlyStoppingHook', 'EpochSeedHook', 'ExplanationHook',
    'FeatureDistributionHook', 'LossGuardHook', 'RankedListHook',
    'ReIDProtocolHook', 'ReportHook', 'ValidateBeforeTrainHook'
]
