"""What travels between branches, neck and head. Shapes: B batch, C channels,
H x W grid, N patch tokens, D width of the tokens."""
from typing import NamedTuple

from torch import Tensor


class BranchFeatures(NamedTuple):
    """What one branch says of a batch of images.

    Attributes:
        embedding: (B, C), the branch's own vector.
        feature_map: (B, C, H, W), its last map.
    """
    embedding: Tensor
    feature_map: Tensor


class BranchTokens(NamedTuple):
    """A branch inside the DMF neck.

    Attributes:
        cls: (B, 1, D), the class token.
        patch: (B, N, D), the patch tokens.
    """
    cls: Tensor
    patch: Tensor
