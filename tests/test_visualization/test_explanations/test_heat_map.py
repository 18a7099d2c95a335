import numpy as np

from fusionreid_mm.visualization.explanations import overlay_heat

GREY = np.full((64, 32, 3), 128, np.uint8)


def test_red_where_it_is_hot():
    heat = np.zeros((4, 2))
    heat[3, 1] = 7
    picture = overlay_heat(GREY, heat)
    assert picture.shape == GREY.shape and picture.dtype == np.uint8
    # The centres of cells of 16 x 16 pixels.
    redness = picture[8::16, 8::16, 0].astype(int) - picture[8::16, 8::16, 2]
    assert redness[3, 1] > 60
    assert np.delete(redness.ravel(), -1).max() < 0


def test_scale_and_offset_do_not_matter():
    heat = np.random.default_rng(0).random((5, 2))
    np.testing.assert_array_equal(
        overlay_heat(GREY, heat), overlay_heat(GREY, 1e-3 * heat + 5e-4))


def test_the_same_everywhere_is_blue():
    for value in (0., .3):
        picture = overlay_heat(GREY, np.full((4, 2), value))
        assert (picture == picture[0, 0]).all()
        assert picture[0, 0, 2] > picture[0, 0, 0]


def test_opacity():
    heat = np.random.default_rng(0).random((4, 2))
    np.testing.assert_array_equal(overlay_heat(GREY, heat, opacity=0), GREY)
