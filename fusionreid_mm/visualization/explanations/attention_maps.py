"""Shapes: B images, H x W patches of a branch, N = H W."""
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import torch
from torch import Tensor, nn

from fusionreid_mm.models import (DualAttentionMutualFusion, FusionReID,
                                  HeterogenousTransmissionModule)
from fusionreid_mm.structures import BranchTokens, ReIDDataSample
from .observing import observing, testing


class AttentionMap(NamedTuple):
    """Where a class token looks in a unit of the fusion neck.

    Attributes:
        htm: Number of the HTM, from 0.
        unit: What the config calls the unit, ``'seu'`` or ``'mfu'``.
        branch: Whose class token looks, ``'cnn'`` or ``'transformer'``.
        patches: Whose patches it looks at.
        weights: (B, heads, H, W), on the grid of these patches; each head's
            sum to 1 in an MFU, and to less in an SEU, where the class token
            looks at itself too.
    """
    htm: int
    unit: str
    branch: str
    patches: str
    weights: Tensor


@torch.no_grad()
def attention_maps(
        model: FusionReID,
        inputs: Tensor,
        data_samples: Optional[List[ReIDDataSample]] = None
) -> List[AttentionMap]:
    """The attention of each unit of each HTM over the image.

    A unit takes part if it says what it attends to, as SEU and MFU do:
    ``attention_map(own, other)``, (B, heads, 1, N), and ``looks_at``, whose
    patches these are, ``'own'`` or ``'other'``.

    Args:
        model (FusionReID): Its neck is a :class:`DualAttentionMutualFusion`.
        inputs (Tensor): (B, 3, H, W), normalised.
        data_samples (List[ReIDDataSample], optional): What is known of each
            image.

    Returns:
        List[AttentionMap]: In the order in which the model computes them, the
        CNN branch before the Transformer branch.

    Raises:
        ValueError: If the neck is another one.
    """
    neck = model.neck
    if not isinstance(neck, DualAttentionMutualFusion):
        raise ValueError(
            f'{type(neck).__name__} has no HTMs that attend to anything: '
            'attention maps are those of a DualAttentionMutualFusion')
    calls: Dict[nn.Module, List[Tuple[BranchTokens, BranchTokens]]] = {}
    grids: Dict[nn.Module, torch.Size] = {}

    def keep_tokens(unit: nn.Module, arguments: tuple, output: Any) -> None:
        calls.setdefault(unit, []).append(arguments)

    def keep_grid(branch: nn.Module, arguments: tuple, output: Any) -> None:
        grids[branch] = output.feature_map.shape[-2:]

    units = {
        module
        for htm in neck.htms
        for unit in htm.units
        for module in unit
        if hasattr(module, 'attention_map') and hasattr(module, 'looks_at')
    }
    with testing(model), observing(units, keep_tokens), \
            observing(model.branches.values(), keep_grid):
        model(inputs, data_samples)
        return [
            AttentionMap(
                number, name, branch, patches,
                module.attention_map(own, other).squeeze(2).unflatten(
                    -1, grids[model.branches[patches]]))
            for number, htm in enumerate(neck.htms)
            for name, branch, patches, module, own, other in _looks(
                htm, neck.units, neck.BRANCHES, calls)
        ]


def _looks(htm: HeterogenousTransmissionModule, names: Tuple[str, ...],
           branches: Tuple[str, str], calls: dict) -> List[tuple]:
    """Each look of an HTM: unit, whose it is, at whose patches, and the tokens
    of both."""
    looks = []
    for name, unit in zip(names, htm.units):
        for number, branch in enumerate(branches):
            # One that is shared was called for one branch after the other.
            module = unit[number % len(unit)]
            if module not in calls:
                continue
            own, other = calls[module][number % len(calls[module])]
            patches = branch
            if module.looks_at == 'other':
                patches = branches[1 - number]
            looks.append((name, branch, patches, module, own, other))
    return looks
