_base_ = 'reid_256x256.py'

dataset = dict(
    type='VehicleID',
    data_root='data/vehicleid',
    test_size=800,
    strict_counts=True)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)

# The roles of the test images are drawn anew for each trial.
val_evaluator = dict(type='ReIDMetric', num_trials=10)
test_evaluator = val_evaluator
