# Short training from scratch, for small models on drawn data.
max_epochs = 10

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=5e-4))

param_scheduler = dict(
    type='WarmupCosineLR',
    T_max=max_epochs,
    warmup_epochs=3,
    warmup_start=1e-4,
    eta_min=1e-5)

train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=5)
val_cfg = dict()
test_cfg = dict()

# The learning rate above is for 16 people with 4 images each.
auto_scale_lr = dict(base_batch_size=64, enable=False)
