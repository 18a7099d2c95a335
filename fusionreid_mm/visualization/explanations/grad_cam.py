"""Shapes: B images, C channels, H x W grid, D width of the descriptor."""
from typing import Any, List, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionreid_mm.models import FusionReID
from fusionreid_mm.structures import ReIDDataSample
from .observing import observing, testing


def class_activation_map(feature_map: Tensor, gradient: Tensor) -> Tensor:
    """The channels of a map, each weighted by its mean gradient; what speaks
    against is cut off.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks
    via Gradient-based Localization" (arXiv 1610.02391), equations 1 and 2.

    Args:
        feature_map (Tensor): (B, C, H, W).
        gradient (Tensor): (B, C, H, W), of what is to be explained.

    Returns:
        Tensor: (B, H, W), not negative.
    """
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    return F.relu((weights * feature_map).sum(dim=1))


def fixed_length_similarity(descriptors: Tensor,
                            references: Tensor) -> Tensor:
    """Cosine similarities of which the gradient sees the inner product alone.

    The value is that of the cosine similarity, but the length of a descriptor
    counts as a constant. So the gradient says what the similarity is made of.
    The one of the cosine similarity itself says what would raise it, which is
    nothing where a descriptor is its own reference.

    Args:
        descriptors (Tensor): (B, D).
        references (Tensor): (B, D), of any length.

    Returns:
        Tensor: (B, ), from -1 to 1.
    """
    lengths = descriptors.detach().norm(dim=1)
    return (descriptors * F.normalize(references)).sum(dim=1) / lengths


def grad_cam(model: FusionReID,
             inputs: Tensor,
             data_samples: Optional[List[ReIDDataSample]] = None,
             references: Optional[Tensor] = None,
             branch: str = 'cnn') -> Tensor:
    """Which places on the last map of a branch make a descriptor similar to
    another.

    In re-identification nobody has a class at test time, so what is explained
    is a similarity. It is the whole descriptor's: what the map does by way of
    the fusion neck counts too. Without a reference each descriptor is compared
    with itself, the reference being held constant; the similarity is then made
    of all that the descriptor is made of.

    Source: Selvaraju et al. (arXiv 1610.02391) for the map; the similarity, as
    a sum over places, is explained by Stylianou et al., "Visualizing Deep
    Similarity Networks" (arXiv 1901.00536).

    Args:
        model (FusionReID): The model.
        inputs (Tensor): (B, 3, H, W), normalised.
        data_samples (List[ReIDDataSample], optional): What is known of each
            image.
        references (Tensor, optional): (B, D) or (D, ), the descriptors whose
            similarity is explained; their length does not matter. None takes
            each image's own.
        branch (str): Whose map. Defaults to ``'cnn'``.

    Returns:
        Tensor: (B, H, W), not negative; zero throughout if the descriptor does
        not depend on the map.

    Raises:
        ValueError: If there is no such branch, or the references are of
            another width than the descriptors.
    """
    if branch not in model.branches:
        raise ValueError(f'the model has no branch {branch!r}: it has '
                         f'{list(model.branches)}')
    maps: List[Tensor] = []

    def cut_graph(backbone: nn.Module, arguments: tuple, output: Any) -> tuple:
        # What is below the map needs no gradient.
        *others, last = output
        return *others, last.detach().requires_grad_()

    def keep_map(branch: nn.Module, arguments: tuple, output: Any) -> None:
        maps.append(output.feature_map)

    observed = model.branches[branch]
    with torch.enable_grad(), testing(model), \
            observing([observed.backbone], cut_graph), \
            observing([observed], keep_map):
        descriptors = model(inputs, data_samples)
        if references is None:
            references = descriptors.detach()
        if references.size(-1) != descriptors.size(1):
            raise ValueError(
                f'a reference has {references.size(-1)} numbers, but the '
                f'descriptors of the model have {descriptors.size(1)}: is it '
                'the descriptor of another model?')
        total = fixed_length_similarity(
            descriptors,
            references.to(descriptors).expand_as(descriptors)).sum()
        feature_map, = maps
        gradient, = torch.autograd.grad(
            total, feature_map, allow_unused=True, materialize_grads=True)
    return class_activation_map(feature_map.detach(), gradient)
