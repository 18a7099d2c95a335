"""What a search found, as a page to look at."""
import os.path as osp
from typing import List, Optional, Sequence, Union

import numpy as np

from fusionreid_mm.apis import Match
from fusionreid_mm.sources import PersonImage, UnreadableImageError, read_image
from fusionreid_mm.visualization.html_page import HtmlPage, Tile
from .names import shown

# Stands for a picture that is no longer there.
_GREY = np.full((128, 64, 3), 200, np.uint8)


def write_page(path: str, subtitle: str, queries: Sequence[PersonImage],
               results: Sequence[Sequence[Match]]) -> None:
    """Write the page, a row of pictures for each query."""
    page = HtmlPage('Who looks like them', subtitle)
    for query, matches in zip(queries, results):
        page.heading(shown(query.name))
        if not matches:
            page.paragraph('Nothing was found.')
        page.tiles([
            _tile(query.name, 'query', ['query', *_known(query)]),
            *(_tile(match.name, None, _lines(rank, match))
              for rank, match in enumerate(matches, start=1))
        ])
        with page.folded('Files'):
            page.table(['rank', 'score', 'file'],
                       [[rank, f'{match.score:.4f}',
                         shown(match.name)]
                        for rank, match in enumerate(matches, start=1)])
    page.write(path)


def _tile(name: str, frame: Optional[str], lines: List[str]) -> Tile:
    try:
        # From OpenCV's order of colours.
        image = np.ascontiguousarray(read_image(name)[..., ::-1])
    except UnreadableImageError:
        image, lines = _GREY, [*lines, 'the picture cannot be read']
    return Tile(image, [*lines, osp.basename(name)], frame)


def _lines(rank: int, match: Match) -> List[str]:
    return [f'{rank}: {match.score:.3f}', *_known(match)]


def _known(image: Union[PersonImage, Match]) -> List[str]:
    lines = []
    if image.camid is not None:
        lines.append(f'camera {image.camid}')
    if image.time is not None:
        lines.append(f'{image.time:.10g} s')
    return lines
