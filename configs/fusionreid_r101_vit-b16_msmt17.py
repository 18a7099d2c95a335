_base_ = ['fusionreid_msmt17.py', '_base_/backbones/r101.py']

model = dict(branches=dict(cnn=dict(backbone=_base_.r101)))
