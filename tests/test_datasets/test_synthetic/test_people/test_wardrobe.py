from dataclasses import replace

import pytest

from fusionreid_mm.datasets.synthetic import Difficulty
from fusionreid_mm.datasets.synthetic.people.wardrobe import Wardrobe

NUMBER = 60


def people(seed=0, **changes):
    difficulty = replace(Difficulty.from_level(0.0), **changes)
    wardrobe = Wardrobe(seed, difficulty)
    return [wardrobe.dress(number) for number in range(NUMBER)]


def clothes(person):
    """All of the outfit, without the small things."""
    return replace(person.upper, print=None), person.lower


def test_a_number_is_always_the_same_person():
    assert people(seed=1) == people(seed=1)
    assert not set(people(seed=1)) & set(people(seed=2))


def test_nobody_dresses_alike_by_chance():
    assert len({clothes(person) for person in people()}) == NUMBER


def test_in_uniform_only_the_small_things_tell_people_apart():
    crowd = people(alikeness=1.0, num_outfits=3)
    assert len({clothes(person) for person in crowd}) == 3
    assert len(set(crowd)) == NUMBER
    small = {(p.shoes, p.bag, p.hair, p.headwear, p.upper.print)
             for p in crowd}
    assert len(small) == NUMBER


def test_alikeness_is_the_share_of_conforming_pieces():
    wardrobe = Wardrobe(
        0, replace(Difficulty.from_level(0.0), alikeness=0.5, num_outfits=1))
    outfit = wardrobe.outfits[0]
    crowd = [wardrobe.dress(number) for number in range(200)]
    share = sum(p.upper.colour == outfit.upper.colour for p in crowd) / 200
    assert share == pytest.approx(0.5, abs=0.1)


def test_without_details_nobody_carries_or_wears_extras():
    for person in people(details=0.0):
        assert person.bag is None
        assert person.headwear is None
        assert person.scarf is None
        assert person.upper.print is None
        assert not person.hair.beard
        assert not person.hair.glasses


def test_usually_some_do_and_some_do_not():
    crowd = people()
    for has in (lambda p: p.bag, lambda p: p.headwear, lambda p: p.scarf,
                lambda p: p.upper.print, lambda p: p.hair.beard,
                lambda p: p.hair.glasses, lambda p: p.lower.side_stripe,
                lambda p: p.upper.sleeves):
        assert 0 < sum(bool(has(person)) for person in crowd) < NUMBER


def test_a_pattern_can_be_told_from_its_ground():
    for person in people():
        ground, pattern = person.upper.colour, person.upper.pattern.colour
        assert sum(abs(a - b) for a, b in zip(ground, pattern)) > 130


def test_a_dress_hides_what_is_below():
    dressed = [p for p in people() if p.upper.kind == 'dress']
    assert dressed
    assert not any('skirt' in p.lower.kind for p in dressed)
