# A single branch: the Transformer alone.
_base_ = '../fusionreid_msmt17.py'

model = dict(
    branches=dict(
        _delete_=True, transformer=_base_.model.branches.transformer),
    neck=None)
