# A single branch: T2T-ViT-24 alone.
_base_ = ['t2t-vit-14_msmt17.py', '../_base_/backbones/t2t-vit-24.py']

model = dict(branches=dict(transformer=dict(backbone=_base_.t2t_vit_24)))
