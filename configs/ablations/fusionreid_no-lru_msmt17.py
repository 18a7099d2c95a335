# What the LRU gives: without its depthwise half, a 1x1 convolution makes the
# tokens.
_base_ = '../fusionreid_msmt17.py'

model = dict(neck=dict(lru='pointwise'))
