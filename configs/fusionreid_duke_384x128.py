_base_ = ['fusionreid_duke.py', '_base_/datasets/reid_384x128.py']

model = dict(
    branches=dict(transformer=dict(backbone=dict(img_size=(384, 128)))))

train_dataloader = _base_.train_384x128
val_dataloader = _base_.test_384x128
test_dataloader = _base_.test_384x128
