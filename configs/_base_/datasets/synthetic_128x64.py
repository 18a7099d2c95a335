# The drawn data at a size for machines without a GPU.
_base_ = 'synthetic.py'

train_pipeline = [
    dict(type='LoadReIDImage'),
    dict(
        type='Resize',
        scale=(64, 128),
        interpolation='bicubic',
        backend='pillow'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='mmpretrain.RandomCrop', crop_size=(128, 64), padding=5),
    dict(type='PackReIDInputs'),
]
test_pipeline = [
    dict(type='LoadReIDImage'),
    dict(
        type='Resize',
        scale=(64, 128),
        interpolation='bilinear',
        backend='pillow'),
    dict(type='PackReIDInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=1,
    sampler=dict(num_identities=16, num_instances=4),
    dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
