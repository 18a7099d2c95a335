# One trial of ten; --cfg-options test_dataloader.dataset.trial=1 is another.
_base_ = 'reid_256x256.py'

dataset = dict(
    type='VehicleID',
    data_root='data/vehicleid',
    test_size=800,
    strict_counts=True)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
