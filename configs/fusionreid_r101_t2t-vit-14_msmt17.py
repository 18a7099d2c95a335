_base_ = ['fusionreid_r50_t2t-vit-14_msmt17.py', '_base_/backbones/r101.py']

model = dict(branches=dict(cnn=dict(backbone=_base_.r101)))
