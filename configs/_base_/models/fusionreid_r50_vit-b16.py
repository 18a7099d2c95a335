# ResNet-50 and ViT-B/16 with stride 12, fused by two HTMs: the paper's model.
# num_classes and num_cameras belong to the dataset and are set beside it.
model = dict(
    type='FusionReID',
    data_preprocessor=dict(
        type='ReIDDataPreprocessor',
        # The same for both branches: pixels from -1 to 1.
        mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        bgr_to_rgb=True,
        random_erasing=dict(
            probability=0.5,
            min_area=0.02,
            max_area=1 / 3,
            min_aspect=0.3,
            mode='pixel')),
    branches=dict(
        cnn=dict(
            type='CNNBranch',
            backbone=dict(
                type='ReIDResNet',
                depth=50,
                init_cfg=dict(
                    type='Pretrained', checkpoint='torchvision://resnet50'))),
        transformer=dict(
            type='TransformerBranch',
            backbone=dict(
                type='SIEVisionTransformer',
                arch='base',
                img_size=(256, 128),
                patch_cfg=dict(stride=12),
                sie_coefficient=3.0,
                drop_path_rate=0.1,
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='https://github.com/rwightman/'
                    'pytorch-image-models/releases/download/v0.1-vitjx/'
                    'jx_vit_base_p16_224-80ecf9dd.pth')))),
    neck=dict(
        type='DualAttentionMutualFusion',
        embed_dims=768,
        num_heads=12,
        num_layers=2,
        lru_kernel_size=1,
        share_seu=True,
        share_mfu=False,
        units=('seu', 'mfu')),
    head=dict(
        type='MultiBranchReIDHead',
        loss_id=dict(type='CrossEntropyLoss', label_smoothing=0.1),
        loss_triplet=dict(type='BatchHardTripletLoss', margin=None)))
