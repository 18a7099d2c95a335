from typing import Callable, List, Mapping

from torch import Tensor


def describe_misfits(
        state_dict: Mapping[str, Tensor],
        expected: Mapping[str, Tensor],
        shown: Callable[[str], str] = lambda name: name) -> List[str]:
    """One line for each entry of another shape, missing or left over.

    Args:
        state_dict (Mapping[str, Tensor]): What is to be loaded.
        expected (Mapping[str, Tensor]): The state dict of the model.
        shown (Callable[[str], str]): The name under which the user knows an
            entry of ``state_dict``. Defaults to its own.
    """
    lines = [
        f'shape: {shown(name)} is {tuple(value.shape)}, but the model has '
        f'{tuple(expected[name].shape)}' for name, value in state_dict.items()
        if name in expected and expected[name].shape != value.shape
    ]
    lines += [
        f'missing: {name} {tuple(value.shape)}'
        for name, value in expected.items() if name not in state_dict
    ]
    lines += [
        f'left over: {shown(name)} {tuple(value.shape)}'
        for name, value in state_dict.items() if name not in expected
    ]
    return lines
