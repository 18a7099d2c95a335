_base_ = [
    '_base_/models/fusionreid_r50_vit-b16.py',
    '_base_/datasets/occluded_duke.py',
    '_base_/schedules/sgd_180e.py',
    '_base_/default_runtime.py',
]

model = dict(
    branches=dict(transformer=dict(backbone=dict(num_cameras=8))),
    head=dict(num_classes=702))
