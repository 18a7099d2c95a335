# A single branch: T2T-ViT-14 alone.
_base_ = '../fusionreid_r50_t2t-vit-14_msmt17.py'

model = dict(
    branches=dict(
        _delete_=True, transformer=_base_.model.branches.transformer),
    neck=None)
