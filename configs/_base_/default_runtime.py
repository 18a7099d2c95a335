default_scope = 'fusionreid_mm'
# Registers the scope also in programs that know nothing of it, as mim.
custom_imports = dict(imports=['fusionreid_mm'], allow_failed_imports=False)

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        interval=10,
        max_keep_ckpts=3,
        save_best='reid/mAP',
        rule='greater'),
    # With it, a run that is resumed is the one that was never stopped.
    sampler_seed=dict(type='EpochSeedHook'),
    loss_guard=dict(type='LossGuardHook'),
    bad_images=dict(type='BadImageHook'),
    visualization=dict(type='RankedListHook', enable=False))

custom_hooks = [
    dict(type='ReIDProtocolHook'),
    dict(type='CheckpointFitHook'),
    # Each process keeps its own BatchNorm statistics in training; evaluation
    # and checkpoints take their mean.
    dict(type='SyncBuffersHook'),
]

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # Seconds that a process waits for the others, as for one that re-ranks.
    dist_cfg=dict(backend='nccl', timeout=3600))

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='ReIDVisualizer', vis_backends=vis_backends)

# Each process augments in its own way; weights and sampling stay the same.
randomness = dict(seed=1111, diff_rank_seed=True)
log_level = 'INFO'
load_from = None
resume = False
