# Patches that do not overlap.
_base_ = 'fusionreid_market.py'

model = dict(
    branches=dict(transformer=dict(backbone=dict(patch_cfg=dict(stride=16)))))
