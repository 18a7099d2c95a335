from .attention_maps import AttentionMap, attention_maps
from .attention_rollout import attention_rollout, roll_out
from .grad_cam import (class_activation_map, fixed_length_similarity,
                       grad_cam)
from .heat_map import overlay_heat

__all__ = [
    'AttentionMap', 'attention_maps', 'attention_rollout',
    'class_activation_map', 'fixed_length_similarity', 'grad_cam',
    'overlay_heat', 'roll_out'
]
