import numpy as np
import pytest
from PIL import Image

from fusionreid_mm.visualization import RankedImage, ReIDVisualizer


@pytest.fixture
def photo(tmp_path) -> str:
    path = tmp_path / 'photo.png'
    Image.new('RGB', (64, 128), (10, 20, 30)).save(path)
    return str(path)


def colours(picture: np.ndarray) -> set:
    return set(map(tuple, picture.reshape(-1, 3).tolist()))


def test_frames_tell_right_from_wrong(photo):
    visualizer = ReIDVisualizer('lists')
    query = RankedImage(photo, camid=0)
    right = RankedImage(photo, camid=None, score=0.9, is_match=True)
    wrong = RankedImage(photo, camid=2, score=0.8, is_match=False)
    blue, green, red = (0, 114, 178), (0, 158, 115), (213, 94, 0)

    both = visualizer.draw_ranked_list(query, [right, wrong])
    assert both.dtype == np.uint8 and both.ndim == 3
    assert {blue, green, red, (10, 20, 30)} <= colours(both)
    assert red not in colours(visualizer.draw_ranked_list(query, [right]))
    assert green not in colours(visualizer.draw_ranked_list(query, [wrong]))
    longer = visualizer.draw_ranked_list(query, [right] * 5)
    assert longer.shape[1] > both.shape[1]


@pytest.mark.parametrize('draw', ['draw_cmc', 'draw_precision_recall'])
def test_curves_are_drawn_where_the_values_are(draw):
    draw = getattr(ReIDVisualizer('curves'), draw)
    low = draw(np.full(20, 0.1), title='mAP 5.0')
    high = draw(np.full(20, 0.9))
    assert low.shape == high.shape == (480, 720, 3)

    def height_of_curve(picture):
        blue = (picture == (0, 114, 178)).all(axis=-1)
        return np.flatnonzero(blue.any(axis=1)).mean()

    assert height_of_curve(high) < height_of_curve(low) - 150
