# Sharing: the MFU, and not the SEU (share_pattern 2 of the released code).
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(share_seu=False, share_mfu=True))
