_base_ = ['fusionreid_msmt17.py', '_base_/backbones/r152.py']

model = dict(branches=dict(cnn=dict(backbone=_base_.r152)))
