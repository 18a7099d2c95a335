# In place of the ViT; num_cameras is set beside it.
t2t_vit_14 = dict(
    type='SIET2TViT',
    arch='14',
    img_size=(256, 128),
    sie_coefficient=3.0,
    drop_path_rate=0.1,
    init_cfg=dict(
        type='Pretrained',
        checkpoint='https://github.com/yitu-opensource/T2T-ViT/releases/'
        'download/main/81.7_T2T_ViTt_14.pth.tar'))
