# Drawn by tools/dataset_converters/make_synthetic_reid.py. It states its own
# counts, which the reader checks.
_base_ = 'reid_256x128.py'

dataset = dict(
    type='Market1501', data_root='data/synthetic', strict_counts=True)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = dict(dataset=dataset)
