# What differs from reid_256x128.py for images of 384 x 128 pixels, the paper's
# larger size. MMEngine replaces lists as a whole.
train_384x128 = dict(
    dataset=dict(pipeline=[
        dict(type='LoadReIDImage'),
        dict(
            type='Resize',
            scale=(128, 384),
            interpolation='bicubic',
            backend='pillow'),
        dict(type='RandomFlip', prob=0.5),
        dict(type='mmpretrain.RandomCrop', crop_size=(384, 128), padding=10),
        dict(type='PackReIDInputs'),
    ]))
test_384x128 = dict(
    dataset=dict(pipeline=[
        dict(type='LoadReIDImage'),
        dict(
            type='Resize',
            scale=(128, 384),
            interpolation='bilinear',
            backend='pillow'),
        dict(type='PackReIDInputs'),
    ]))
