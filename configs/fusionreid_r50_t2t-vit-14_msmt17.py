_base_ = ['fusionreid_msmt17.py', '_base_/backbones/t2t-vit-14.py']

model = dict(
    branches=dict(
        transformer=dict(
            backbone=dict(_delete_=True, num_cameras=15, **
                          _base_.t2t_vit_14))))
