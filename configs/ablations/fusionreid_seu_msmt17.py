# What self-attention alone gives: HTMs without MFU, in which the branches
# share the SEU but exchange nothing.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(units=('seu', )))
