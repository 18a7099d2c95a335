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

    Raises:
        ValueError: If the branch cannot look at such an image.
    """
    state = {
        name: value.to('meta')
        for values in (branch.named_parameters(), branch.named_buffers())
        for name, value in values
    }
    # Two images, since BatchNorm refuses one value per channel.
    images = torch.empty(2, 3, *image_size, device='meta')
    try:
        return functional_call(branch, state, (images, )).embedding.size(1)
    # As upstream and timm refuse images.
    except (AssertionError, RuntimeError) as error:
        height, width = image_size
        raise ValueError(
            f'{type(branch.backbone).__name__} cannot look at an image of '
            f'{height}x{width} pixels (height x width): {error}. Set its '
            'img_size to the size of the images') from error
