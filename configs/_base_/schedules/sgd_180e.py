# The recipe of the released code: SGD, biases at twice the rate, weight decay
# on everything, 10 epochs of warm-up, then a cosine to the end.
max_epochs = 180

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='SGD', lr=0.005, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(bias=dict(lr_mult=2.0))))

param_scheduler = dict(
    type='WarmupCosineLR',
    T_max=max_epochs,
    warmup_epochs=10,
    warmup_start=5e-5,
    eta_min=1e-5)

train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=30)
val_cfg = dict()
test_cfg = dict()

# The learning rate above is for 8 people with 16 images each.
auto_scale_lr = dict(base_batch_size=128, enable=False)
