# A single branch: ResNet-152 alone.
_base_ = 'r50_msmt17.py'

model = dict(
    branches=dict(
        cnn=dict(
            backbone=dict(
                depth=152, init_cfg=dict(
                    checkpoint='torchvision://resnet152')))))
