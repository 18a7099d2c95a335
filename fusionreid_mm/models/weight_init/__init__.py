from .pretrained_init import PretrainedInit

__all__ = ['PretrainedInit']
