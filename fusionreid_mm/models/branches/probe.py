from typing import Tuple

import torch
from torch import nn
from torch.func import functional_call


def embedding_channels(branch: nn.Module, image_size: Tuple[int, int]) -> int:
    """The number of channels of a branch's embedding, found by letting it see
    an image without computing anything (on PyTorch's ``meta`` device).

    So no width of a backbone has to be written in a config twice.

    Args:
        branch (nn.Module): ``branch(inputs) -> BranchFeatures``.
        image_size (Tuple[int, int]): Height and width in pixels.
    """
    state = {
        name: value.to('meta')
        for values in (branch.named_parameters(), branch.named_buffers())
        for name, value in values
    }
    # Two images, since BatchNorm refuses one value per channel.
    images = torch.empty(2, 3, *image_size, device='meta')
    return functional_call(branch, state, (images, )).embedding.size(1)
