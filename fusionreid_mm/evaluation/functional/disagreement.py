"""Where two parts of a descriptor disagree, and what all of it decides.

Shapes: Q queries.
"""
from typing import Dict, NamedTuple

import numpy as np


class Verdict(NamedTuple):
    """Whether the first image of a ranked list shows the query's person.

    Attributes:
        first, second: By either part alone.
        fused: By the whole descriptor.
    """
    first: bool
    second: bool
    fused: bool

    @property
    def is_disputed(self) -> bool:
        """Whether one part is right and the other is wrong."""
        return self.first != self.second


def group_by_verdict(first: np.ndarray, second: np.ndarray,
                     fused: np.ndarray) -> Dict[Verdict, np.ndarray]:
    """The queries of each of the eight verdicts.

    Args:
        first (np.ndarray): (Q, ) rank of each query's first match by one part,
            from 1; -1 where there is none.
        second (np.ndarray): (Q, ) by the other part.
        fused (np.ndarray): (Q, ) by the whole descriptor.

    Returns:
        Dict[Verdict, np.ndarray]: Rows of the queries, ascending. Those
        without a match are nowhere.

    Raises:
        ValueError: If the three are not of the same queries.

    Examples:
        >>> verdicts = group_by_verdict([1, 4], [2, 1], fused=[1, 1])
        >>> verdicts[Verdict(first=True, second=False, fused=True)]
        array([0])
    """
    ranks = np.stack([np.asarray(column) for column in (first, second, fused)])
    valid = ranks > 0
    if (valid != valid[0]).any():
        raise ValueError('the ranks are not of the same queries: '
                         f'{valid.sum(axis=1).tolist()} have a match')
    verdicts = {}
    for number in range(8):
        verdict = Verdict(*(bool(number & bit) for bit in (4, 2, 1)))
        is_so = ((ranks == 1) == np.array(verdict)[:, None]).all(axis=0)
        verdicts[verdict] = np.flatnonzero(is_so & valid[0])
    return verdicts
