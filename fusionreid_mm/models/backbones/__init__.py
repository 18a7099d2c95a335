from .reid_resnet import ReIDResNet
from .sie_vit import SIEVisionTransformer

__all__ = ['ReIDResNet', 'SIEVisionTransformer']
