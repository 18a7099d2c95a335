"""Turning what a search gives into the text of the page."""
import logging
import os.path as osp
from functools import lru_cache
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from fusionreid_mm.apis import Match
from fusionreid_mm.apis.gallery.stamp import stamp_of
from fusionreid_mm.sources import read_image
from .pictures import picture_uri
from .query import Query, read_source
from .searcher import Explanation, Searcher, Summary
from .templates import TEMPLATES
from .times import format_time

_LOGGER = logging.getLogger(__name__)

# Of about 15 kB each.
_KEPT_PICTURES = 2000

# Pictures of an explanation by their names, and what is written below them.
_BRANCHES = {'cnn': 'CNN', 'transformer': 'Transformer'}
_FUSION = {
    'cnn_from_transformer': 'CNN asks Transformer',
    'transformer_from_cnn': 'Transformer asks CNN'
}


def camera_name(camid: Optional[int]) -> str:
    """They are counted from 1 where people see them."""
    return 'camera ?' if camid is None else f'camera {camid + 1}'


def render(template: str, **content: Any) -> str:
    """A part of the page."""
    return TEMPLATES.get_template(template).render(**content)


def render_header(summary: Summary, searcher: Searcher) -> str:
    """What is searched, and by which model."""
    source = searcher.gallery.source
    threshold = searcher.threshold
    return render(
        'header',
        size=f'{summary.size:,}',
        cameras=len(summary.camids),
        times=summary.times and ' – '.join(map(format_time, summary.times)),
        model=osp.basename(source.weights or source.model)
        if source else searcher.gallery.fingerprint[:12],
        fingerprint=searcher.gallery.fingerprint,
        threshold=None if threshold is None else f'{threshold:.4g}')


def render_examples(summary: Summary) -> str:
    """Images of the gallery to begin with; none that cannot be read."""
    examples = []
    for number, name in enumerate(summary.examples, start=1):
        picture = _picture_of(name)
        if picture is not None:
            examples.append(
                dict(
                    number=number, picture=picture,
                    caption=osp.basename(name)))
    return render('examples', examples=examples)


def render_empty(summary: Summary) -> str:
    """Before anything was searched for."""
    if not summary.size:
        return render_notice(
            'empty', 'The gallery is empty',
            'Add pictures with "fusionreid index", then load this page again.')
    return render_notice(
        'empty', 'Drop a picture to begin',
        'It should show one person, from head to foot, and little else.')


def render_error(text: str) -> str:
    """What went wrong."""
    return render_notice('error', 'This did not work', text)


def render_notice(kind: str, title: str, text: str = '') -> str:
    """A few words in place of results.

    Args:
        kind (str): ``'error'`` or ``'empty'``.
        title (str): The words.
        text (str): More of them. Defaults to ``''``.
    """
    role = 'alert' if kind == 'error' else 'status'
    return render('notice', kind=kind, role=role, title=title, text=text)


def render_results(query: Query, matches: Sequence[Match],
                   threshold: Optional[float]) -> str:
    """The ranked images.

    Args:
        query (Query): What was searched for.
        matches (Sequence[Match]): What was found.
        threshold (float, optional): Score from which on a match is marked.
    """
    if not matches:
        return render_notice(
            'empty', 'Nothing was found',
            'No picture of the gallery is let through by the filters.')
    return render(
        'results',
        count=_count(matches, threshold),
        hint=_hint(query),
        tiles=[
            _tile(rank, match, threshold)
            for rank, match in enumerate(matches, start=1)
        ])


def render_explanation(query: Query, match: Match, rank: int,
                       explanation: Explanation) -> str:
    """Where both branches look, in the query and in a match."""
    pairs = [('The picture you gave', explanation.query),
             (f'Number {rank}', explanation.match)]
    branches = {'image': 'picture', **_BRANCHES}
    more = [_side(title, pictures, _FUSION) for title, pictures in pairs]
    return _detail(
        match,
        rank,
        sides=[_side(title, pictures, branches) for title, pictures in pairs],
        more=more if any(side['figures'] for side in more) else [],
        is_explained=True)


def render_pair(query: Query, match: Match, rank: int, message: str) -> str:
    """The query and a match without an explanation, and why there is none."""
    sides = []
    for title, source in (('The picture you gave', query.source),
                          (f'Number {rank}', match.name)):
        try:
            image = read_source(source)[..., ::-1]
        except (OSError, ValueError):
            continue
        sides.append(_side(title, dict(image=image), dict(image='picture')))
    return _detail(match, rank, sides=sides, message=message)


def _detail(match: Match, rank: int, **content: Any) -> str:
    content = dict(dict(message='', more=[], is_explained=False), **content)
    return render(
        'detail',
        rank=rank,
        score=f'{match.score:.3f}',
        lines=_lines(match),
        name=match.name,
        **content)


def _side(title: str, pictures: Dict[str, np.ndarray],
          captions: Dict[str, str]) -> Dict[str, Any]:
    figures = [
        dict(picture=picture_uri(pictures[name]), caption=caption)
        for name, caption in captions.items() if name in pictures
    ]
    return dict(title=title, figures=figures)


def _tile(rank: int, match: Match,
          threshold: Optional[float]) -> Dict[str, Any]:
    is_alike = threshold is not None and match.score >= threshold
    lines = _lines(match)
    spoken = [f'number {rank}', f'score {match.score:.3f}', *lines]
    if is_alike:
        spoken.append('above the threshold')
    return dict(
        name=match.name,
        picture=_picture_of(match.name),
        score=f'{match.score:.3f}',
        lines=lines,
        spoken=', '.join(spoken),
        is_alike=is_alike)


def _lines(match: Match) -> List[str]:
    lines = [camera_name(match.camid)]
    if match.time is not None:
        lines.append(format_time(match.time))
    return lines


def _picture_of(name: str) -> Optional[str]:
    try:
        return _read_picture(name, stamp_of(name))
    except (OSError, ValueError) as error:
        _LOGGER.warning('%s', error)
        return None


@lru_cache(_KEPT_PICTURES)
def _read_picture(name: str, stamp: Optional[str]) -> str:
    """Crops of a video take their time, and the next search finds many of the
    same images. The stamp tells when one has changed."""
    return picture_uri(read_image(name)[..., ::-1])


def _count(matches: Sequence[Match], threshold: Optional[float]) -> str:
    found = '1 picture' if len(matches) == 1 else f'{len(matches)} pictures'
    text = f'{found}, the most similar first.'
    if threshold is None:
        return text
    alike = sum(match.score >= threshold for match in matches)
    have = {0: 'None has', 1: '1 has'}.get(alike, f'{alike} have')
    sign = ' (✓)' if alike else ''
    return f'{text} {have} a score of at least {threshold:.4g}{sign}.'


def _hint(query: Query) -> str:
    if not query.is_wide:
        return ''
    return ('The picture you gave is wider than tall: cut it to one person, '
            'or what is around counts too.')
