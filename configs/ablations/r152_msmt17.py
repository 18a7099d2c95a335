# A single branch: ResNet-152 alone.
_base_ = ['r50_msmt17.py', '../_base_/backbones/r152.py']

model = dict(branches=dict(cnn=dict(backbone=_base_.r152)))
