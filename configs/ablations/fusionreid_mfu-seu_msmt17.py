# The other order of the units: MFU, then SEU.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(units=('mfu', 'seu')))
