from typing import Callable, List, Mapping, NamedTuple

from torch import Tensor


class Misfit(NamedTuple):
    """An entry in which a state dict and a model differ.

    Attributes:
        kind: ``'shape'``, ``'missing'`` or ``'left over'``.
        name: Its name, as the model knows it.
        text: A line for the user.
    """
    kind: str
    name: str
    text: str

    def __str__(self) -> str:
        return f'{self.kind}: {self.text}'


def find_misfits(
        state_dict: Mapping[str, Tensor],
        expected: Mapping[str, Tensor],
        shown: Callable[[str], str] = lambda name: name) -> List[Misfit]:
    """Each entry of another shape, missing or left over.

    Args:
        state_dict (Mapping[str, Tensor]): What is to be loaded.
        expected (Mapping[str, Tensor]): The state dict of the model.
        shown (Callable[[str], str]): The name under which the user knows an
            entry of ``state_dict``. Defaults to its own.
    """
    misfits = [
        Misfit(
            'shape', name, f'{shown(name)} is {tuple(value.shape)}, but the '
            f'model has {tuple(expected[name].shape)}')
        for name, value in state_dict.items()
        if name in expected and expected[name].shape != value.shape
    ]
    misfits += [
        Misfit('missing', name, f'{name} {tuple(value.shape)}')
        for name, value in expected.items() if name not in state_dict
    ]
    misfits += [
        Misfit('left over', name, f'{shown(name)} {tuple(value.shape)}')
        for name, value in state_dict.items() if name not in expected
    ]
    return misfits
