"""Shapes: B images, N tokens, H x W patches."""
from typing import Any, List, Optional, Sequence

import torch
from torch import Tensor, nn

from fusionreid_mm.models import FusionReID, TransformerBranch
from fusionreid_mm.models.layers import attention_weights
from fusionreid_mm.structures import ReIDDataSample
from .observing import observing, testing

# Where the layers of a Transformer are: of mmpretrain, of its T2T-ViT, of
# timm.
_LAYERS = ('layers', 'encoder', 'timm_model.blocks')


def roll_out(attentions: Sequence[Tensor]) -> Tensor:
    """How much each token of the last layer holds of each token before the
    first: the product of the layers' attention, averaged over heads, each
    with the residual connection as half of it.

    Source: Abnar and Zuidema, "Quantifying Attention Flow in Transformers"
    (arXiv 2005.00928), attention rollout.

    Args:
        attentions (Sequence[Tensor]): (B, heads, N, N) of each layer, the
            first one first; each row sums to 1.

    Returns:
        Tensor: (B, N, N), each row summing to 1.
    """
    rolled: Optional[Tensor] = None
    for attention in attentions:
        mean = attention.mean(dim=1)
        mixed = 0.5 * mean + 0.5 * torch.eye(
            mean.size(-1), dtype=mean.dtype, device=mean.device)
        rolled = mixed if rolled is None else mixed @ rolled
    if rolled is None:
        raise ValueError('there is no attention to roll out')
    return rolled


@torch.no_grad()
def attention_rollout(model: FusionReID,
                      inputs: Tensor,
                      data_samples: Optional[List[ReIDDataSample]] = None,
                      branch: str = 'transformer') -> Tensor:
    """Of which patches the class token of a Transformer is made, by
    :func:`roll_out`.

    The Transformer is told the cameras, as in a test. Those of mmpretrain and
    timm with plain self-attention can be looked into; in a T2T-ViT, the
    patches are the tokens behind its token transformers, which mix them
    before.

    Args:
        model (FusionReID): The model.
        inputs (Tensor): (B, 3, H, W), normalised.
        data_samples (List[ReIDDataSample], optional): What is known of each
            image.
        branch (str): A :class:`TransformerBranch` of the model. Defaults to
            ``'transformer'``.

    Returns:
        Tensor: (B, H, W), not negative, on the grid of the branch's patches;
        what is missing to a sum of 1 is of the class token itself.

    Raises:
        ValueError: If there is no such branch, or its backbone is one of
            which the attention weights are not known.
    """
    backbone = _transformer(model, branch)
    layers = _attention_layers(backbone)
    attentions: List[Tensor] = []

    def keep_weights(layer: nn.Module, arguments: tuple, output: Any) -> None:
        attentions.append(attention_weights(layer, arguments[0]))

    with testing(model), observing(layers, keep_weights):
        model(inputs, data_samples)
    of_class_token = roll_out(attentions)[:, 0, backbone.num_extra_tokens:]
    return of_class_token.unflatten(1, tuple(backbone.patch_resolution))


def _transformer(model: FusionReID, name: str) -> Any:
    branch = model.branches[name] if name in model.branches else None
    if not isinstance(branch, TransformerBranch):
        raise ValueError(
            f'attention rollout is of a TransformerBranch, but {name!r} of '
            'the model is ' +
            ('missing' if branch is None else f'a {type(branch).__name__}'))
    return branch.backbone


def _attention_layers(backbone: nn.Module) -> List[nn.Module]:
    for path in _LAYERS:
        parent, _, name = path.rpartition('.')
        layers = getattr(
            getattr(backbone, parent, None) if parent else backbone, name, ())
        found = [layer.attn for layer in layers if hasattr(layer, 'attn')]
        if found:
            return found
    raise ValueError(f'attention rollout looks for layers with an "attn" in '
                     f'{" or ".join(_LAYERS)} of the backbone, but '
                     f'{type(backbone).__name__} has none')
