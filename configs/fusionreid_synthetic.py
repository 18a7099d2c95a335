# The paper's full-size model on drawn data.
_base_ = [
    '_base_/models/fusionreid_r50_vit-b16.py',
    '_base_/datasets/synthetic.py',
    '_base_/schedules/sgd_180e.py',
    '_base_/default_runtime.py',
]

model = dict(
    branches=dict(transformer=dict(backbone=dict(num_cameras=6))),
    head=dict(num_classes=150))
