import numpy as np
import pytest

from fusionreid_mm.datasets.synthetic.palette import Colour
from fusionreid_mm.datasets.synthetic.people import fabric as cloth
from fusionreid_mm.datasets.synthetic.people.appearance import Pattern

WHITE, INK = Colour(250, 250, 250), Colour(10, 20, 30)


@pytest.fixture
def fabric():
    return cloth.new_fabric(WHITE)


def inked(fabric):
    return (fabric < 128).all(2)


def column(angle):
    return int((angle / 360 + 0.5) * cloth.COLUMNS) % cloth.COLUMNS


def test_stripes_repeat_as_often_as_asked(fabric):
    cloth.weave(fabric, Pattern('stripes', INK, 5))
    edges = np.diff(inked(fabric)[:, 0].astype(int))
    assert (edges == 1).sum() == 5
    assert inked(fabric).mean() == pytest.approx(0.5)


def test_blocks_of_colour_are_where_they_belong(fabric):
    cloth.weave(fabric, Pattern('two sides', INK, 1))
    assert inked(fabric)[:, column(90)].all()
    assert not inked(fabric)[:, column(-90)].any()
    fabric = cloth.new_fabric(WHITE)
    cloth.weave(fabric, Pattern('yoke', INK, 1))
    assert inked(fabric)[int(0.2 * cloth.ROWS)].all()
    assert not inked(fabric)[int(0.6 * cloth.ROWS)].any()


def test_patterns_differ_from_each_other():
    woven = set()
    for kind in cloth.PATTERNS:
        fabric = cloth.new_fabric(WHITE)
        cloth.weave(fabric, Pattern(kind, INK, 6))
        assert (kind == 'plain') == (fabric == 250).all()
        woven.add(fabric.tobytes())
    assert len(woven) == len(cloth.PATTERNS) > 10


@pytest.mark.parametrize('shape', cloth.PRINT_SHAPES)
@pytest.mark.parametrize('angle', [0, 26, 180, -90])
def test_a_print_lies_around_its_place(fabric, shape, angle):
    cloth.paint_print(fabric, shape, (angle, 0.4), 24, INK)
    around = (np.arange(cloth.COLUMNS) + 0.5) / cloth.COLUMNS * 360 - 180
    away = np.abs((around - angle + 180) % 360 - 180)
    assert 60 < inked(fabric).sum() < 800
    assert not inked(fabric)[:, away > 28].any()
    rows = np.nonzero(inked(fabric).any(1))[0]
    assert abs(rows.mean() / cloth.ROWS - 0.4) < 0.08


def test_shapes_of_prints_differ():
    printed = set()
    for shape in cloth.PRINT_SHAPES:
        fabric = cloth.new_fabric(WHITE)
        cloth.paint_print(fabric, shape, (0, 0.5), 30, INK)
        printed.add(fabric.tobytes())
    assert len(printed) == len(cloth.PRINT_SHAPES)


def test_a_strap_runs_over_the_cut_in_the_back(fabric):
    cloth.paint_strap(fabric, (150, 0.5), (210, 0.5), INK, 5)
    row = inked(fabric)[cloth.ROWS // 2]
    assert row[column(170)]
    assert row[column(-160)]
    assert not row[column(0)]


def test_bands_and_panels(fabric):
    cloth.paint_band(fabric, 0.25, 0.5, INK)
    assert inked(fabric).mean() == pytest.approx(0.25)
    fabric = cloth.new_fabric(WHITE)
    cloth.paint_panel(fabric, 90, 36, INK)
    assert inked(fabric)[:, column(90)].all()
    assert inked(fabric).mean() == pytest.approx(0.1, abs=0.01)


def test_plain_fabrics_are_shared_and_cannot_be_painted_on():
    assert cloth.plain(INK) is cloth.plain(INK)
    with pytest.raises(ValueError, match='read-only'):
        cloth.plain(INK)[0, 0] = 0


def test_darker_scales_and_stays_a_colour():
    assert cloth.darker(Colour(100, 50, 200), 0.5) == (50, 25, 100)
    assert cloth.darker(Colour(100, 50, 200), 2) == (200, 100, 255)
