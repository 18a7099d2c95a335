import torch
from torch import Tensor


def full_precision(tensor: Tensor) -> Tensor:
    """The tensor in float32, if it is of half precision.

    Losses are small differences of large numbers: bfloat16 has no more than
    three digits, and float16 ends at 65504.
    """
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
