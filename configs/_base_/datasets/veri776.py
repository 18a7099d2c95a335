_base_ = 'reid_256x256.py'

dataset = dict(type='VeRi776', data_root='data/veri776', strict_counts=True)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
