# Sharing: nothing. Two SEUs and two MFUs, as the released code builds by
# default (its share_pattern 1); the paper shares the SEU.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(share_seu=False, share_mfu=False))
