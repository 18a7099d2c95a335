# A fusion to compare with: concatenation.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(_delete_=True, type='ConcatFusion', embed_dims=768))
