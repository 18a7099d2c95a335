# What differs from ResNet-50.
r152 = dict(depth=152, init_cfg=dict(checkpoint='torchvision://resnet152'))
