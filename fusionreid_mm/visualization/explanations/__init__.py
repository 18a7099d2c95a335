from .attention_maps import AttentionMap, attention_maps
from .attention_rollout import attention_rollout, roll_out
from .grad_cam import default_layer, explain_similarity, grad_cam, layer_cam
from .heat_map import overlay_heat
from .heat_maps import heat_maps

__all__ = [
    'AttentionMap', 'attention_maps', 'attention_rollout', 'default_layer',
    'explain_similarity', 'grad_cam', 'heat_maps', 'layer_cam', 'overlay_heat',
    'roll_out'
]
