# A single branch: the CNN alone.
_base_ = '../fusionreid_msmt17.py'

model = dict(
    branches=dict(_delete_=True, cnn=_base_.model.branches.cnn), neck=None)
