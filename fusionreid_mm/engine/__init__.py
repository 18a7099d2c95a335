from .checkpoint import convert_official_state_dict
from .optim_wrappers import AmpOptimWrapper
from .schedulers import WarmupCosineLR

__all__ = ['AmpOptimWrapper', 'WarmupCosineLR', 'convert_official_state_dict']
