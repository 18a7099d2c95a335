# What mutual attention alone gives: HTMs without SEU.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(units=('mfu', )))
