# DeiT-B/16 is a ViT-B/16 of other weights; its distillation token is left out.
deit_b16 = dict(
    init_cfg=dict(checkpoint='https://dl.fbaipublicfiles.com/deit/'
                  'deit_base_distilled_patch16_224-df68dfff.pth'))
