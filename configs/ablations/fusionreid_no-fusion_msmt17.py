# Two branches side by side, trained together but without any fusion.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=None)
