# A single branch: the Transformer alone, with DeiT's weights.
_base_ = ['vit-b16_msmt17.py', '../_base_/backbones/deit-b16.py']

model = dict(branches=dict(transformer=dict(backbone=_base_.deit_b16)))
