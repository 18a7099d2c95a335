# What the LRU gives by itself: no HTMs.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(_delete_=True, type='LocalRefinement', embed_dims=768))
