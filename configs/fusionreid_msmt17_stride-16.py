# Patches that do not overlap.
_base_ = 'fusionreid_msmt17.py'

model = dict(
    branches=dict(transformer=dict(backbone=dict(patch_cfg=dict(stride=16)))))
