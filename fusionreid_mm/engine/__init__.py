from .checkpoint import convert_official_state_dict
from .hooks import ReIDProtocolHook
from .optim_wrappers import AmpOptimWrapper
from .schedulers import WarmupCosineLR

__all__ = [
    'AmpOptimWrapper', 'ReIDProtocolHook', 'WarmupCosineLR',
    'convert_official_state_dict'
]
