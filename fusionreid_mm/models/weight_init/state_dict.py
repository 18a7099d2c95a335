"""State dicts, and what PyTorch keeps beside their entries."""
from collections import OrderedDict
from typing import Any, Dict, Mapping

from torch import Tensor, nn

StateDict = Dict[str, Tensor]
Metadata = Mapping[str, Mapping[str, Any]]


def metadata_of(state_dict: Mapping[str, Tensor]) -> Metadata:
    """What modules said of themselves when they were saved, by their names;
    PyTorch keeps it beside the entries. Empty where a file has none."""
    return getattr(state_dict, '_metadata', {})


def with_metadata(state_dict: StateDict, metadata: Metadata) -> StateDict:
    """A copy that has it beside its entries."""
    copy = OrderedDict(state_dict)
    setattr(copy, '_metadata', dict(metadata))
    return copy


def take_part(state_dict: StateDict, prefix: str) -> StateDict:
    """The entries below a prefix, which has a dot at its end or is empty."""
    entries = {
        name[len(prefix):]: value
        for name, value in state_dict.items() if name.startswith(prefix)
    }
    return with_metadata(
        entries, {
            name[len(prefix):]: value
            for name, value in metadata_of(state_dict).items()
            if f'{name}.'.startswith(prefix)
        })


def adapt_state_dict(module: nn.Module, state_dict: Mapping[str, Tensor],
                     metadata: Metadata) -> StateDict:
    """What a module makes of a state dict before it loads it: the names and
    sizes into which its hooks translate. Nothing is loaded, and ``state_dict``
    stays as it is.

    Args:
        module (nn.Module): The module that is to be filled.
        state_dict (Mapping[str, Tensor]): For example, of timm.
        metadata (Metadata): See :func:`metadata_of`.

    Raises:
        ValueError: If a hook cannot translate it.
    """
    adapted = dict(state_dict)
    for name, part in module.named_modules():
        prefix = f'{name}.' if name else ''
        # As in nn.Module.load_state_dict, which cannot be had without loading.
        for hook in part._load_state_dict_pre_hooks.values():
            hook(adapted, prefix, metadata.get(name, {}), True, [], [], [])
    return adapted
