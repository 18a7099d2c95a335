# A small CNN and a small ViT at 128 x 64, trained from scratch: the same code
# path as the paper's model, for machines without a GPU.
_base_ = 'fusionreid_r50_vit-b16.py'

model = dict(
    branches=dict(
        cnn=dict(
            backbone=dict(
                depth=18, stem_channels=16, base_channels=16, init_cfg=None)),
        transformer=dict(
            backbone=dict(
                arch=dict(
                    _delete_=True,
                    embed_dims=96,
                    num_layers=4,
                    num_heads=4,
                    feedforward_channels=384),
                img_size=(128, 64),
                drop_path_rate=0.,
                init_cfg=None))),
    neck=dict(embed_dims=96, num_heads=4))
