# A small model on drawn data: trained in minutes on two CPU cores.
_base_ = [
    '_base_/models/fusionreid_tiny.py',
    '_base_/datasets/synthetic_128x64.py',
    '_base_/schedules/adamw_10e.py',
    '_base_/default_runtime.py',
]

model = dict(
    branches=dict(transformer=dict(backbone=dict(num_cameras=6))),
    head=dict(num_classes=150))

default_hooks = dict(
    logger=dict(interval=10), checkpoint=dict(interval=5, max_keep_ckpts=2))
custom_hooks = [
    dict(type='ReIDProtocolHook'),
    dict(type='CheckpointFitHook'),
    dict(type='SyncBuffersHook'),
    dict(type='ValidateBeforeTrainHook'),
]
