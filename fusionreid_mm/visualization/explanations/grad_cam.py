"""Shapes: B images, C channels, H x W grid, D width of the descriptor."""
from typing import Any, Callable, List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionreid_mm.models import FusionReID
from fusionreid_mm.models.branches.cnn_branch import is_channels_last
from fusionreid_mm.structures import ReIDDataSample
from .observing import observing, testing

#: ``method(feature_map, gradient)``, (B, C, H, W) both, to (B, H, W).
Method = Callable[[Tensor, Tensor], Tensor]


def grad_cam(feature_map: Tensor, gradient: Tensor) -> Tensor:
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


def layer_cam(feature_map: Tensor, gradient: Tensor) -> Tensor:
    """The channels of a map, each weighted at each place by the gradient
    there, where it is positive. So maps of shallow layers, in which a channel
    means something else at each place, can be explained too.

    Source: Jiang et al., "LayerCAM: Exploring Hierarchical Class Activation
    Maps for Localization" (IEEE TIP 30, 2021), equations 4 to 6.

    Args:
        feature_map (Tensor): (B, C, H, W).
        gradient (Tensor): (B, C, H, W), of what is to be explained.

    Returns:
        Tensor: (B, H, W), not negative.
    """
    return F.relu((F.relu(gradient) * feature_map).sum(dim=1))


def explain_similarity(model: FusionReID,
                       inputs: Tensor,
                       data_samples: Optional[List[ReIDDataSample]] = None,
                       references: Optional[Tensor] = None,
                       layer: Optional[str] = None,
                       method: Method = layer_cam) -> Tensor:
    """Which places on the map of a layer make the descriptor of an image
    similar to another.

    In re-identification nobody has a class at test time, so a similarity is
    explained. It is that of the whole descriptor: what a map does by way of
    the fusion neck counts too. Its gradient is taken with the length of the
    descriptor as a constant: then it says what the similarity is made of,
    while that of the cosine similarity says what would raise it, which is
    nothing for an image and itself.

    Without references, the similarity is that to the image's own descriptor,
    held constant: the map shows what the descriptor is made of. With them, it
    is the similarity to the reference less the one to the average person of
    the training (the mean that the BatchNorms of the head have seen), since
    what all people have in common would tell the same of any two images.

    Sources: :func:`grad_cam` and :func:`layer_cam` for the maps; Stylianou et
    al., "Visualizing Deep Similarity Networks" (arXiv 1901.00536), for a
    similarity as a sum over places.

    Args:
        model (FusionReID): The model.
        inputs (Tensor): (B, 3, H, W), normalised.
        data_samples (List[ReIDDataSample], optional): What is known of each
            image.
        references (Tensor, optional): (B, D) or (D, ), descriptors; their
            length does not matter. None takes each image's own.
        layer (str, optional): Name of a module in the model that gives a map
            (B, C, H, W), or tokens of a Transformer branch. None takes what
            :func:`default_layer` has for the branch ``'cnn'``.
        method (Callable): :func:`grad_cam` or :func:`layer_cam`. Defaults to
            the latter.

    Returns:
        Tensor: (B, H, W), not negative; zero throughout if the similarity does
        not depend on the map.

    Raises:
        ValueError: If there is no such layer, it gives no map or is not used
            once, or the references are not descriptors of the model.
    """
    layer = layer or default_layer(model, 'cnn')
    module = _find(model, layer)
    leaves: List[Tensor] = []

    def cut_graph(module: nn.Module, arguments: tuple, output: Any) -> Any:
        # Backbones of mmpretrain give a tuple of maps, of which the last one
        # counts.
        *others, last = output if type(output) is tuple else (output, )
        if not isinstance(last, Tensor):
            raise _no_map(layer, type(last).__name__)
        # What is below needs no gradient.
        leaf = last.detach().requires_grad_()
        leaves.append(leaf)
        # A copy, since what follows may work in place.
        copy = leaf.clone()
        return (*others, copy) if type(output) is tuple else copy

    with torch.enable_grad(), testing(model), observing([module], cut_graph):
        descriptors = model(inputs, data_samples)
        total = _similarity(model, descriptors, references).sum()
        if len(leaves) != 1:
            raise ValueError(
                f'the layer {layer!r} is used {len(leaves)} times for an '
                'image, so that there is no one map of it: take another, such '
                f'as {default_layer(model, next(iter(model.branches)))!r}')
        leaf, = leaves
        gradient, = torch.autograd.grad(
            total, leaf, allow_unused=True, materialize_grads=True)
    return method(
        _as_map(model, layer, leaf.detach()), _as_map(model, layer, gradient))


def default_layer(model: FusionReID, branch: str) -> str:
    """Where a branch with a CNN is best explained, for all that is known: the
    second stage of a ResNet, and of other backbones the last map.

    At the last map of a ResNet, each place sees the whole image, and what is
    found there need not come from there (see the guide on visualization).

    Raises:
        ValueError: If there is no such branch.
    """
    if branch not in model.branches:
        raise ValueError(f'the model has no branch {branch!r}: it has '
                         f'{list(model.branches)}')
    stages = getattr(model.branches[branch].backbone, 'res_layers', [])
    backbone = f'branches.{branch}.backbone'
    return f'{backbone}.{stages[1]}' if len(stages) > 1 else backbone


def _similarity(model: FusionReID, descriptors: Tensor,
                references: Optional[Tensor]) -> Tensor:
    """(B, ), of which the gradient is taken."""
    directions = F.normalize(descriptors.detach())
    if references is not None:
        _check_references(references, *descriptors.shape)
        references = references.to(descriptors).expand_as(descriptors)
        directions = F.normalize(references) - F.normalize(_average(model))
    lengths = descriptors.detach().norm(dim=1)
    return (descriptors * directions).sum(dim=1) / lengths


def _check_references(references: Tensor, number: int, width: int) -> None:
    *rows, numbers = references.shape or (1, )
    if numbers != width:
        raise ValueError(
            f'a reference has {numbers} numbers, but the descriptors of the '
            f'model have {width}: is it the descriptor of another model?')
    if rows not in ([], [1], [number]):
        raise ValueError('there must be one reference, or as many as images, '
                         f'{number}: got {tuple(references.shape)}')
    if not references.isfinite().all():
        raise ValueError('a reference has numbers that are not finite')


def _average(model: FusionReID) -> Tensor:
    """(1, D), the descriptor of the average person: zero where the model has
    not been trained, or descriptors are taken behind their BatchNorm."""
    means = {
        name: bnneck.bn.running_mean[None]
        for name, bnneck in model.head.bnnecks.items()
    }
    return model.head(means).detach()


def _find(model: FusionReID, layer: str) -> nn.Module:
    try:
        return model.get_submodule(layer)
    except AttributeError as error:
        raise ValueError(
            f'the model has no layer {layer!r}: take the name of a module '
            f'such as {default_layer(model, next(iter(model.branches)))!r}'
        ) from error


def _as_map(model: FusionReID, layer: str, values: Tensor) -> Tensor:
    """(B, C, H, W) of a map, or of tokens (B, E + N, C)."""
    branches, name, *_ = (*layer.split('.'), '')
    backbone: Any = None
    if branches == 'branches' and name in model.branches:
        backbone = model.branches[name].backbone
    if values.ndim == 4:
        is_last = layer == f'branches.{name}.backbone' and is_channels_last(
            backbone)
        return values.permute(0, 3, 1, 2) if is_last else values
    grid: Tuple[int, ...] = tuple(getattr(backbone, 'patch_resolution', ()))
    if values.ndim == 3 and grid:
        patches = values[:, backbone.num_extra_tokens:].transpose(1, 2)
        if patches.size(2) == grid[0] * grid[1]:
            return patches.unflatten(2, grid)
    raise _no_map(layer, str(tuple(values.shape)))


def _no_map(layer: str, given: str) -> ValueError:
    return ValueError(f'the layer {layer!r} gives {given}, but what can be '
                      'drawn is a map (B, C, H, W), or the tokens of a '
                      'Transformer branch')
