"""Whatever comes in: a right answer, or an error that names the argument."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionreid_mm.evaluation import (evaluate_ranking, evaluate_reranked,
                                      evaluate_verification, find_nearest)

FUNCTIONS = [
    evaluate_ranking, evaluate_reranked, evaluate_verification, find_nearest
]

NAMES = ('query_features', 'gallery_features', 'query_pids', 'gallery_pids',
         'query_camids', 'gallery_camids')

# Two people, two cameras; each query finds its match first.
GOOD = dict(
    query_features=[[1., 0.], [0., 1.]],
    gallery_features=[[1., .1], [.1, 1.], [.9, .2], [.3, .8]],
    query_pids=[1, 2],
    gallery_pids=[1, 2, 1, 2],
    query_camids=[0, 1],
    gallery_camids=[1, 0, 0, 1])


def answer(function, **changes) -> str:
    return repr(function(**{**GOOD, **changes}))


BAD_IDS = [
    [1., 2.],
    [True, False],
    [2**63, 1],
    [2**64, 1],
    np.array([2**63, 1], dtype=np.uint64),
    np.array([1, 2], dtype=object),
    np.array([1, None], dtype=object),
    ['1', '2'],
    [1],
    [1, 2, 3],
    [[1, 2]],
    [[1], [2, 3]],
    [],
    1,
    None,
    np.array([np.nan, 1]),
    np.array([1, 2], dtype='datetime64[s]'),
    torch.tensor([1., 2.]),
    torch.tensor([1., 2.], dtype=torch.bfloat16),
    torch.tensor([True, False]),
    torch.tensor([[1, 2]]),
    {
        1: 2
    },
    'ab',
]

BAD_FEATURES = [
    [[np.nan, 1.], [1., 1.]],
    [[np.inf, 1.], [1., 1.]],
    [[1e16, 1.], [1., 1.]],
    [[1e-16, 0.], [1., 1.]],
    [[2**60, 1], [1, 1]],
    [[1. + 1j, 1.], [1., 1.]],
    np.array([[1., 2.], [3., None]], dtype=object),
    [['1', '2'], ['3', '4']],
    [[1., 2.], [3.]],
    [1., 2.],
    [[[1., 2.]]],
    [[], []],
    [],
    np.zeros((0, 2)),
    None,
    1.,
    np.ones((2, 2), dtype='datetime64[s]'),
    torch.ones(2, 2, dtype=torch.complex64),
    torch.eye(2).to_sparse(),
    torch.full((2, 2), torch.nan, dtype=torch.bfloat16),
]


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize('name', ['query_pids', 'query_camids'])
@pytest.mark.parametrize('value', BAD_IDS, ids=repr)
def test_bad_ids(function, name, value):
    with pytest.raises(ValueError, match=f'^{name} '):
        answer(function, **{name: value})


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize('value', BAD_FEATURES, ids=repr)
def test_bad_features(function, value):
    with pytest.raises(ValueError, match='^query_features '):
        answer(function, query_features=value)
    with pytest.raises(ValueError, match='^gallery_features '):
        answer(
            function,
            gallery_features=value,
            gallery_pids=[1, 2],
            gallery_camids=[1, 0])


@pytest.mark.parametrize('function', FUNCTIONS)
@pytest.mark.parametrize('name', NAMES)
def test_lengths_that_do_not_match(function, name):
    ids = name if name.endswith('ids') else name.replace('features', 'pids')
    with pytest.raises(ValueError, match=f'^{ids} must have one entry'):
        answer(function, **{name: GOOD[name][:-1]})


@pytest.mark.parametrize('function', FUNCTIONS)
def test_ids_of_any_integer_type(function):
    expected = answer(function)
    for dtype in 'bBhHiIqQ', '>i4', '<u8', '>i8':
        for code in dtype if dtype.isalpha() else [dtype]:
            ids = {
                name: np.array(column, dtype=code)
                for name, column in GOOD.items() if name.endswith('ids')
            }
            assert answer(function, **ids) == expected
    ids = {
        name: torch.tensor(column, dtype=torch.int16)
        for name, column in GOOD.items() if name.endswith('ids')
    }
    assert answer(function, **ids) == expected


@pytest.mark.parametrize('function', FUNCTIONS)
def test_ids_as_large_as_can_be(function):
    """They are not confused with small or negative ones."""
    low, high = -2**63, 2**63 - 1
    renamed = {1: high, 2: low, 0: high - 1}
    ids = {
        name: [renamed[value] for value in column]
        for name, column in GOOD.items() if name.endswith('ids')
    }
    assert answer(function, **ids) == answer(function)
    assert answer(
        function,
        gallery_pids=np.array([1, 2, 1, 2], dtype=np.uint64),
        query_pids=np.array([1, 2], dtype=np.int8)) == answer(function)


@pytest.mark.parametrize('function', FUNCTIONS)
def test_features_of_any_type(function):
    whole = dict(
        query_features=[[1, 0], [0, 1]],
        gallery_features=[[1, 1], [0, 1], [1, 0], [1, 1]])
    expected = answer(function, **whole)
    for code in ('?', 'b', 'B', 'h', 'H', 'i', 'I', 'q', 'Q', 'e', 'f', 'd',
                 '>f4', '>i2'):
        arrays = {name: np.array(rows, code) for name, rows in whole.items()}
        assert answer(function, **arrays) == expected, code
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float16,
                  torch.bfloat16, torch.float64):
        tensors = {
            name:
            torch.tensor(
                rows, dtype=dtype, requires_grad=dtype.is_floating_point)
            for name, rows in whole.items()
        }
        assert answer(function, **tensors) == expected, dtype
    strided = {
        name: np.repeat(np.array(rows, float), 2, axis=1)[:, ::-2]
        for name, rows in whole.items()
    }
    assert answer(function, **strided) == answer(
        function, **{
            name: np.array(rows)[:, ::-1]
            for name, rows in whole.items()
        })
    assert answer(
        function, **{
            name: torch.tensor(rows).T.contiguous().T
            for name, rows in whole.items()
        }) == expected


def test_whole_numbers_that_float32_does_not_have():
    """The match is the nearest, by one of 2**25."""
    nearest = find_nearest([[2**25 + 1]], [[2**25], [2**25 + 1], [2**25 + 2]],
                           [1], [1, 2, 3], [0], [1, 1, 1],
                           k=1,
                           metric='euclidean')
    assert nearest.indices.tolist() == [[1]]
    assert nearest.scores.tolist() == [[0]]


ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(),
                     st.text(max_size=2), st.complex_numbers(),
                     st.binary(max_size=2))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(FUNCTIONS), st.sampled_from(NAMES),
    st.recursive(ANYTHING, lambda item: st.lists(item, max_size=4)))
def test_anything(function, name, value):
    """An error that names an argument, or an answer as from a plain array."""
    try:
        found = answer(function, **{name: value})
    except ValueError as error:
        assert any(
            word in str(error)
            for word in (*NAMES, 'none of the', 'both are needed'))
        return
    dtype = float if name.endswith('features') else np.int64
    assert found == answer(function, **{name: np.array(value, dtype)})
