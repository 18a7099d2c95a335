from .ibn_resnet import IBNResNet
from .reid_resnet import ReIDResNet
from .sie_t2t_vit import SIET2TViT
from .sie_vit import SIEVisionTransformer
from .timm_vit import TIMMVisionTransformer

__all__ = [
    'IBNResNet', 'ReIDResNet', 'SIET2TViT', 'SIEVisionTransformer',
    'TIMMVisionTransformer'
]
