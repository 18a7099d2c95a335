# What differs from T2T-ViT-14.
t2t_vit_24 = dict(
    arch='24',
    init_cfg=dict(
        checkpoint='https://github.com/yitu-opensource/T2T-ViT/releases/'
        'download/main/82.6_T2T_ViTt_24.pth.tar'))
