# A fusion to compare with: concatenation and an MLP.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(_delete_=True, type='MLPFusion', embed_dims=768))
