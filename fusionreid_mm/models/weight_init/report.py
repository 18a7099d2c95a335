"""What became of the entries of a checkpoint, in a few lines."""
from collections import defaultdict
from itertools import groupby
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import torch

Shapes = Tuple[torch.Size, torch.Size]

_SHOWN = 8

# So many names of one place are written out.
_WRITTEN_OUT = 2


class Report(NamedTuple):
    """What became of a checkpoint.

    Attributes:
        loaded: Names of the module's entries that the file filled.
        missing: Names of those that it did not.
        surplus: Names in the file below parts that the module has, for which
            it has no place: of a deeper net, of layer scales.
        unused: Names in the file of parts that the module does not have, such
            as a classifier.
        misshapen: Shapes in the file and in the module, where they differ.
        reshaped: Shapes before and after, of entries that were made to fit.
        dropped: Those of ``misshapen`` that belong to another dataset.
        num_outside: Number of entries that are not under the prefix.
    """
    loaded: List[str]
    missing: List[str]
    surplus: List[str]
    unused: List[str]
    misshapen: Dict[str, Shapes]
    reshaped: Dict[str, Shapes]
    dropped: Dict[str, Shapes]
    num_outside: int = 0

    def __str__(self) -> str:
        lists = dict(
            missing=self.missing, surplus=self.surplus, unused=self.unused)
        tables = dict(reshaped=self.reshaped, dropped=self.dropped)
        rows = [(kind, fold(names)) for kind, names in lists.items() if names]
        rows += [(kind, show_shapes(entries))
                 for kind, entries in tables.items() if entries]
        if self.num_outside:
            rows.append(('outside', f'{self.num_outside} other entries'))
        return '\n'.join(f'  {kind:<9} {text}' for kind, text in rows)


def show_shapes(entries: Dict[str, Shapes]) -> str:
    """The first few entries with their two shapes."""
    return _some([
        f'{name} {tuple(old)} -> {tuple(new)}'
        for name, (old, new) in entries.items()
    ])


def fold(names: Sequence[str]) -> str:
    """Names of parameters in a short line; a block counts its entries.

    >>> fold(['head.bias', 'blocks.0.ls1.gamma', 'blocks.1.ls1.gamma'])
    'head.bias, blocks.0-1.ls1.gamma'
    >>> fold([f'layer3.{i}.conv{j}.weight' for i in (6, 7) for j in (1, 2, 3)])
    'layer3.6-7.* (6)'
    """
    blocks: Dict[Tuple[str, Optional[int]], List[str]] = defaultdict(list)
    for name in names:
        parent, number, rest = _split(name)
        blocks[parent, number].append(rest)
    # The numbers of blocks of which the same is to be said, and how often.
    numbers: Dict[Tuple[str, str], List[int]] = defaultdict(list)
    counts: Dict[Tuple[str, str], int] = defaultdict(int)
    for (parent, number), rests in blocks.items():
        is_long = parent and len(rests) > _WRITTEN_OUT
        for rest in rests:
            key = parent, '*' if is_long else rest
            counts[key] += 1
            if number is not None:
                numbers[key].append(number)
    items = []
    for (parent, rest), count in counts.items():
        place = (parent, _ranges(numbers[parent, rest]), rest)
        total = f' ({count})' if rest == '*' else ''
        items.append('.'.join(part for part in place if part) + total)
    return _some(items)


def _split(name: str) -> Tuple[str, Optional[int], str]:
    """``('layer3', 6, 'conv1.weight')``: the first number in a name, what
    comes before it and the rest. None stands for no number."""
    parts = name.split('.')
    for i, part in enumerate(parts):
        if part.isdigit():
            return '.'.join(parts[:i]), int(part), '.'.join(parts[i + 1:])
    return '.'.join(parts[:-1]), None, parts[-1]


def _ranges(numbers: Iterable[int]) -> str:
    """``0-2,5`` for 0, 1, 2 and 5."""
    runs = groupby(
        enumerate(sorted(set(numbers))), key=lambda item: item[1] - item[0])
    texts = []
    for _, run in runs:
        members = [str(number) for _, number in run]
        texts.append('-'.join(dict.fromkeys((members[0], members[-1]))))
    return ','.join(texts)


def _some(items: List[str]) -> str:
    shown = ', '.join(items[:_SHOWN])
    more = len(items) - _SHOWN
    return f'{shown} and {more} more' if more > 0 else shown
