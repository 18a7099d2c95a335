import math
from dataclasses import asdict

import pytest

from fusionreid_mm.datasets.synthetic import DEFAULT_LEVEL, Difficulty


def test_the_ends_are_easy_and_hard():
    easy, hard = Difficulty.from_level(0), Difficulty.from_level(1)
    assert easy.alikeness == 0
    assert easy.occlusion_rate == 0
    assert easy.num_outfits > hard.num_outfits
    for name in asdict(easy):
        if name != 'num_outfits':
            assert getattr(easy, name) < getattr(
                hard, name) or (name == 'details'), name


def test_every_field_moves_steadily_between_the_levels():
    levels = [i / 20 for i in range(21)]
    for name in asdict(Difficulty.from_level(0)):
        values = [getattr(Difficulty.from_level(x), name) for x in levels]
        assert values in (sorted(values), sorted(values, reverse=True)), name
        assert len(set(values)) > 5, name


def test_halfway_to_the_default_is_the_mean_of_both():
    easy = Difficulty.from_level(0).camera_shift
    usual = Difficulty.from_level(DEFAULT_LEVEL).camera_shift
    halfway = Difficulty.from_level(DEFAULT_LEVEL / 2).camera_shift
    assert halfway == pytest.approx((easy + usual) / 2)


@pytest.mark.parametrize('level', [-0.01, 1.01, math.nan])
def test_a_level_outside_of_the_range_is_named(level):
    with pytest.raises(ValueError, match=f'from 0.0 to 1.0, got {level}'):
        Difficulty.from_level(level)
