_base_ = 'cuhk03_labeled.py'

dataset = dict(variant='detected')
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
