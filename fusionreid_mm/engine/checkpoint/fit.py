"""Whether a checkpoint fits a model, for each thing that is done with one.

MMEngine loads what has the right name and shape, warns of the rest and goes on
with random weights.
"""
from typing import Callable, List

from torch import nn

from fusionreid_mm.models.weight_init.state_dict import (StateDict,
                                                         adapt_state_dict,
                                                         metadata_of)
from .misfits import Misfit, find_misfits

_SHOWN = 20


def fit_for_resuming(state_dict: StateDict, expected: StateDict) -> None:
    """Refuse a state dict that is not exactly of the model.

    Args:
        state_dict (Dict[str, Tensor]): Of the checkpoint.
        expected (Dict[str, Tensor]): Of the model.

    Raises:
        ValueError: If an entry has another shape, is missing or left over;
            the message names them.
    """
    _refuse(find_misfits(_without_ddp(state_dict), expected))


def fit_for_testing(state_dict: StateDict, expected: StateDict) -> List[str]:
    """As :func:`fit_for_resuming`, but classifiers may differ or be missing,
    since the descriptor does not need them. Those of another shape are taken
    out of ``state_dict``; returns their names."""
    dropped = _drop_misshapen(state_dict, expected, is_classifier)
    misfits = find_misfits(_without_ddp(state_dict), expected)
    _refuse([item for item in misfits if not is_classifier(item.name)])
    return dropped


def fit_for_finetuning(state_dict: StateDict, model: nn.Module) -> List[str]:
    """Refuse entries of another shape, and a state dict that has nothing of
    the model.

    What belongs to a dataset, classifiers and camera embeddings, is taken out
    of ``state_dict`` where it is of another shape. Position embeddings are
    resized when they are loaded, so a model can go on with larger images.
    Returns a line on each entry that is not loaded as it is.
    """
    expected = model.state_dict()
    dropped = _drop_misshapen(state_dict, expected, _belongs_to_dataset)
    ours = _without_ddp(state_dict)
    adapted = adapt_state_dict(model, ours, metadata_of(state_dict))
    misfits = find_misfits(adapted, expected)
    _refuse([item for item in misfits if item.kind == 'shape'])
    if sum(item.kind == 'missing' for item in misfits) == len(expected):
        raise ValueError(
            'the checkpoint has not a single entry of this model, only such '
            f'as {", ".join(list(state_dict)[:3])}. Weights of a backbone '
            'alone go into its init_cfg.')
    return [
        *[f'of another dataset: {name}' for name in dropped],
        *[
            f'resized: {name} {tuple(ours[name].shape)} -> '
            f'{tuple(value.shape)}' for name, value in adapted.items()
            if name in ours and ours[name].shape != value.shape
        ],
        *[str(item) for item in misfits if item.name not in dropped],
    ]


def is_classifier(name: str) -> bool:
    """Whether it is an entry that the descriptor does without."""
    return name.startswith('head.') and '.classifier.' in name


def _without_ddp(state_dict: StateDict) -> StateDict:
    return {
        name.removeprefix('module.'): value
        for name, value in state_dict.items()
    }


def _drop_misshapen(state_dict: StateDict, expected: StateDict,
                    may_drop: Callable[[str], bool]) -> List[str]:
    dropped = []
    for name in list(state_dict):
        ours = name.removeprefix('module.')
        if (may_drop(ours) and ours in expected
                and expected[ours].shape != state_dict[name].shape):
            del state_dict[name]
            dropped.append(ours)
    return dropped


def _belongs_to_dataset(name: str) -> bool:
    return is_classifier(name) or name.endswith('.sie_embed')


def _refuse(misfits: List[Misfit]) -> None:
    if not misfits:
        return
    lines = [str(item) for item in misfits[:_SHOWN]]
    if len(misfits) > _SHOWN:
        lines.append(f'and {len(misfits) - _SHOWN} more')
    raise ValueError('the checkpoint does not fit the model of this config, '
                     f'{len(misfits)} entries differ:\n  ' +
                     '\n  '.join(lines) +
                     '\nUse the config that it was trained with.')
