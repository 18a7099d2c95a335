from .bad_image_hook import BadImageHook
from .checkpoint_fit_hook import CheckpointFitHook
from .loss_guard_hook import BadLossError, LossGuardHook
from .ranked_list_hook import RankedListHook
from .reid_protocol_hook import ReIDProtocolHook
from .validate_before_train_hook import ValidateBeforeTrainHook

__all__ = [
    'BadImageHook', 'BadLossError', 'CheckpointFitHook', 'LossGuardHook',
    'RankedListHook', 'ReIDProtocolHook', 'ValidateBeforeTrainHook'
]
