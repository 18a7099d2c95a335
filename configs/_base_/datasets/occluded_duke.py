_base_ = 'reid_256x128.py'

dataset = dict(
    type='OccludedDuke', data_root='data/occluded_duke', strict_counts=True)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
