"""The names of a ViT's parameters in timm (and DeiT, TransReID and the
released FusionReID code, which follow it) and in mmpretrain."""
import re

_TIMM_TO_MMPRETRAIN = (
    (r'^patch_embed\.proj\.', 'patch_embed.projection.'),
    (r'^blocks\.', 'layers.'),
    (r'^norm\.', 'ln1.'),
    (r'\.norm([12])\.', r'.ln\1.'),
    (r'\.mlp\.fc1\.', '.ffn.layers.0.0.'),
    (r'\.mlp\.fc2\.', '.ffn.layers.1.'),
)


def timm_to_mmpretrain(name: str) -> str:
    """A timm ViT's parameter name as mmpretrain writes it.

    Examples:
        >>> timm_to_mmpretrain('blocks.3.mlp.fc1.weight')
        'layers.3.ffn.layers.0.0.weight'
        >>> timm_to_mmpretrain('layers.3.ffn.layers.0.0.weight')
        'layers.3.ffn.layers.0.0.weight'
    """
    for pattern, replacement in _TIMM_TO_MMPRETRAIN:
        name = re.sub(pattern, replacement, name)
    return name
