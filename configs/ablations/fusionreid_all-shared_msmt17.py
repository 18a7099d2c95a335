# Sharing: both the SEU and the MFU (share_pattern 3 of the released code).
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(share_seu=True, share_mfu=True))
