from .fusion_reid import FusionReID

__all__ = ['FusionReID']
