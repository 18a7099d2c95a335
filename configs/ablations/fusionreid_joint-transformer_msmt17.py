# A fusion to compare with: a plain Transformer over the tokens of both
# branches, as deep as the two HTMs.
_base_ = '../fusionreid_msmt17.py'

model = dict(
    neck=dict(
        _delete_=True,
        type='JointTransformerFusion',
        embed_dims=768,
        num_heads=12,
        num_layers=2))
