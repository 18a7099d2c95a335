from .cross_attention import CrossAttention
from .heterogenous_transmission_module import HeterogenousTransmissionModule
from .local_refinement_unit import LocalRefinementUnit
from .mutual_fusion_unit import MutualFusionUnit
from .pointwise_unit import PointwiseUnit
from .self_attention import attention_weights
from .shared_encoding_unit import SharedEncodingUnit

__all__ = [
    'CrossAttention', 'HeterogenousTransmissionModule', 'LocalRefinementUnit',
    'MutualFusionUnit', 'PointwiseUnit', 'SharedEncodingUnit',
    'attention_weights'
]
