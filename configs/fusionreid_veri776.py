# Without the annotations of views: --cfg-options
# model.branches.transformer.backbone.num_views=0
_base_ = [
    '_base_/models/fusionreid_r50_vit-b16.py',
    '_base_/datasets/veri776.py',
    '_base_/schedules/sgd_180e.py',
    '_base_/default_runtime.py',
]

model = dict(
    branches=dict(
        transformer=dict(
            backbone=dict(img_size=(256, 256), num_cameras=20, num_views=8))),
    head=dict(num_classes=576))
