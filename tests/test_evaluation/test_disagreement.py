import numpy as np
import pytest

from fusionreid_mm.evaluation.functional import Verdict, group_by_verdict


def test_every_query_is_of_one_group():
    first, second, fused = np.array([
        [1, 1, 5, 2, 1, 9, -1, 1],
        [2, 1, 1, 3, 7, 1, -1, 1],
        [1, 1, 2, 1, 4, 1, -1, 1],
    ])
    groups = group_by_verdict(first, second, fused)
    assert {
        tuple(verdict): rows.tolist()
        for verdict, rows in groups.items() if len(rows)
    } == {
        (True, False, True): [0],
        (True, True, True): [1, 7],
        (False, True, False): [2],
        (False, False, True): [3],
        (True, False, False): [4],
        (False, True, True): [5],
    }
    assert len(groups) == 8
    assert [v.is_disputed for v in groups].count(True) == 4
    assert not Verdict(True, True, False).is_disputed


def test_ranks_of_other_queries():
    with pytest.raises(ValueError, match=r'same queries: \[2, 1, 2\]'):
        group_by_verdict([1, 1], [1, -1], [1, 1])
