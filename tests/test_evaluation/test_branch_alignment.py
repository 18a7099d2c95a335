import numpy as np
import pytest

from fusionreid_mm.evaluation.functional import (align_branches, halves_apart,
                                                 linear_cka, mean_gap,
                                                 stages_of)
from fusionreid_mm.evaluation.functional.branch_alignment import unit_vectors


@pytest.fixture
def embeddings():
    rng = np.random.default_rng(0)
    seen = rng.standard_normal((40, 6))
    return dict(
        cnn=rng.standard_normal((40, 8)),
        transformer=rng.standard_normal((40, 6)),
        cnn_lru=seen,
        transformer_lru=rng.standard_normal((40, 6)),
        cnn_htm=seen,
        transformer_htm=3 * seen)


PIDS = np.repeat(np.arange(10), 4)


def test_stages():
    names = ['transformer', 'transformer_lru', 'cnn_lru', 'cnn', 'fused']
    assert stages_of(names) == [('lru', 'cnn_lru', 'transformer_lru'),
                                ('branches', 'cnn', 'transformer')]
    assert stages_of(['cnn', 'fused', 'transformer_htm']) == []


def test_table(embeddings):
    table = align_branches(embeddings, PIDS)
    assert list(table) == ['branches', 'lru', 'htm']
    # Widths differ: there is no space in which to measure.
    assert set(table['branches']) == {'cka', 'same_neighbor'}
    assert set(table['htm']) == {
        'cka', 'same_neighbor', 'mmd', 'frechet', 'sliced_wasserstein',
        'mean_gap', 'cross_rank1'
    }
    x, y = (
        unit_vectors(embeddings[f'{branch}_lru'])
        for branch in ('cnn', 'transformer'))
    assert table['lru']['cka'] == linear_cka(x, y)
    assert table['lru']['mean_gap'] == mean_gap(x, y)
    # Behind the HTMs only the length is another one, which cosine similarity
    # does not see.
    same = table['htm']
    assert same['cka'] == pytest.approx(1)
    assert same['same_neighbor'] == 1
    assert same['frechet'] == pytest.approx(0, abs=1e-9)
    assert same['mmd'] < 0 == round(same['mean_gap'], 12)
    assert 'cross_rank1' not in align_branches(embeddings)['htm']


def test_halves(embeddings):
    table = halves_apart(embeddings)
    assert list(table) == ['branches', 'lru', 'htm']
    assert table['lru'] == table['htm'] != halves_apart(embeddings, 1)['htm']
    assert abs(table['lru']['mmd']) < .1
    # Both halves have half of the images.
    first, second = np.zeros((10, 2)), np.zeros((10, 2))
    first[:, 0], second[:, 1] = 1, 1
    apart = halves_apart(
        dict(
            cnn=np.concatenate((first, second)), transformer=np.zeros(
                (20, 2))))
    assert apart['branches']['mean_gap'] < 1


def test_nothing_to_compare():
    with pytest.raises(ValueError, match="'cnn_htm' and.*got \\['cnn'\\]"):
        align_branches(dict(cnn=np.ones((5, 2))))


def test_vectors_of_length_0():
    assert unit_vectors([[0., 0], [3, 4]]).tolist() == [[0, 0], [.6, .8]]
