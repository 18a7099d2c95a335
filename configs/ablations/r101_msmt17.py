# A single branch: ResNet-101 alone.
_base_ = 'r50_msmt17.py'

model = dict(
    branches=dict(
        cnn=dict(
            backbone=dict(
                depth=101, init_cfg=dict(
                    checkpoint='torchvision://resnet101')))))
