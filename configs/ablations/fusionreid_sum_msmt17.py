# A fusion to compare with: the sum.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(_delete_=True, type='SumFusion', embed_dims=768))
