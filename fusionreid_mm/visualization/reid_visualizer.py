from typing import Callable, List, NamedTuple, Optional, Sequence, Tuple

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.visualization import Visualizer
from PIL import Image, ImageDraw, ImageFont

from fusionreid_mm.evaluation.metrics import RankedList
from fusionreid_mm.registry import VISUALIZERS
from .curves import plot_cmc, plot_precision_recall
from .photograph import read_photograph

# Colour-blind safe: blue for the query, green and vermilion for right and
# wrong.
_QUERY, _RIGHT, _WRONG = (0, 114, 178), (0, 158, 115), (213, 94, 0)
_PAPER, _INK = (255, 255, 255), (40, 40, 40)

# Pixels.
_TILE_HEIGHT, _TILE_WIDTH = 192, 96
_FRAME, _GAP, _CAPTION = 5, 8, 34


class RankedImage(NamedTuple):
    """An image of a ranked list.

    Attributes:
        path: The image file.
        camid: Its camera, from 0; None or below 0 if nobody knows.
        score: Similarity or distance to the query; None for the query itself.
        is_match: Whether it shows the query's person; None for the query.
    """
    path: str
    camid: Optional[int]
    score: Optional[float] = None
    is_match: Optional[bool] = None


@VISUALIZERS.register_module()
class ReIDVisualizer(Visualizer):
    """MMEngine's visualizer, which also draws ranked lists, CMC curves and
    precision-recall curves.

    All are returned as RGB images, (H, W, 3) uint8, ready for
    :meth:`add_image`.
    """

    def draw_ranked_list(self, query: RankedImage,
                         ranked: Sequence[RankedImage]) -> np.ndarray:
        """The query, and beside it the gallery images that came first, framed
        in green where they show the same person and in vermilion where not."""
        width = (len(ranked) + 1) * (_TILE_WIDTH + _GAP) + 2 * _GAP
        sheet = Image.new('RGB', (width, _TILE_HEIGHT + _CAPTION + 2 * _GAP),
                          _PAPER)
        _paste_tile(sheet, _GAP, query, _QUERY, 'query')
        for rank, image in enumerate(ranked, start=1):
            left = rank * (_TILE_WIDTH + _GAP) + 2 * _GAP
            colour = _RIGHT if image.is_match else _WRONG
            _paste_tile(sheet, left, image, colour,
                        f'{rank}: {image.score:.3f}')
        return np.asarray(sheet)

    def draw_cmc(self, cmc: np.ndarray, title: str = '') -> np.ndarray:
        """The cumulative matching characteristic, ``cmc[k - 1]`` being Rank-k
        as a fraction."""
        return _draw(plot_cmc, cmc, title)

    def draw_precision_recall(self,
                              precision: np.ndarray,
                              title: str = '') -> np.ndarray:
        """The precision-recall curve, as :func:`.precision_at_recall` gives
        it."""
        return _draw(plot_precision_recall, precision, title)


def _draw(plot: Callable, values: np.ndarray, title: str) -> np.ndarray:
    with matplotlib.rc_context({'font.size': 11}):
        figure = Figure(figsize=(6, 4), dpi=120, layout='tight')
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        plot(axes, {'': values})
        axes.set_title(title)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def ranked_images(item: RankedList) -> Tuple[RankedImage, List[RankedImage]]:
    """The query of a ranked list and its gallery images, as they are drawn."""
    query = RankedImage(item.query.path, item.query.camid)
    return query, [
        RankedImage(image.path, image.camid, score,
                    image.pid == item.query.pid)
        for image, score in zip(item.gallery, item.scores)
    ]


def camera_name(camid: Optional[int]) -> str:
    """What is written below an image: cameras are counted from 1 there."""
    if camid is None or camid < 0:
        return 'camera ?'
    return f'camera {camid + 1}'


def _paste_tile(sheet: Image.Image, left: int, image: RankedImage,
                colour: tuple, caption: str) -> None:
    draw = ImageDraw.Draw(sheet)
    draw.rectangle(
        (left, _GAP, left + _TILE_WIDTH - 1, _GAP + _TILE_HEIGHT - 1),
        fill=colour)
    photo = Image.fromarray(read_photograph(image.path))
    tile = photo.resize((_TILE_WIDTH - 2 * _FRAME, _TILE_HEIGHT - 2 * _FRAME))
    sheet.paste(tile, (left + _FRAME, _GAP + _FRAME))
    draw.multiline_text((left, _GAP + _TILE_HEIGHT + 3),
                        f'{caption}\n{camera_name(image.camid)}',
                        fill=_INK,
                        font=ImageFont.load_default(12),
                        spacing=2)
