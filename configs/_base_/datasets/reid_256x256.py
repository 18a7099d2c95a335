# Vehicles are as wide as they are high.
_base_ = 'reid_256x128.py'

sizes = {
    'Resize': dict(scale=(256, 256)),
    'mmpretrain.RandomCrop': dict(crop_size=(256, 256)),
}
train_pipeline = [{
    **step,
    **sizes.get(step['type'], {})
} for step in _base_.train_pipeline]
test_pipeline = [{
    **step,
    **sizes.get(step['type'], {})
} for step in _base_.test_pipeline]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
