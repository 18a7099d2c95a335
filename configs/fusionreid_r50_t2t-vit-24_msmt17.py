# Not in the paper's table: the released code has files for it, but cannot
# build it.
_base_ = [
    'fusionreid_r50_t2t-vit-14_msmt17.py', '_base_/backbones/t2t-vit-24.py'
]

model = dict(branches=dict(transformer=dict(backbone=_base_.t2t_vit_24)))
