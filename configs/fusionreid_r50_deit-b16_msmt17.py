_base_ = ['fusionreid_msmt17.py', '_base_/backbones/deit-b16.py']

model = dict(branches=dict(transformer=dict(backbone=_base_.deit_b16)))
