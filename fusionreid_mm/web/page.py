"""The page: which part of it changes when, by Gradio."""
import logging
from typing import (Any, Callable, Dict, List, NamedTuple, Optional, Sequence,
                    Tuple)

import gradio as gr

from fusionreid_mm.apis import Filter, Match
from .query import Query, read_source, read_upload
from .query_image import query_image
from .rendering import (camera_name, render, render_empty, render_error,
                        render_examples, render_explanation, render_header,
                        render_pair, render_results)
from .searcher import MAX_TOPK, NotExplainable, Searcher, Summary, check_topk
from .times import format_time, parse_time

_LOGGER = logging.getLogger(__name__)

#: Bytes of a picture that is dropped.
MAX_UPLOAD = 20 * 2**20

# Seconds: how often pictures that were dropped are looked through, and how old
# one may be.
_DELETE_EVERY, _DELETE_AFTER = 300, 3600

# A menu cannot have None.
_UNKNOWN = -1

# Nobody but the page itself calls its functions, and what somebody does while
# another answer is computed is not lost.
_EVENT: Dict[str, Any] = dict(
    api_visibility='private', trigger_mode='always_last')

_ON_TILE = '''
element.addEventListener('click', (event) => {
  const tile = event.target.closest('[data-rank]');
  if (!tile) return;
  for (const other of element.querySelectorAll('[aria-pressed]'))
    other.removeAttribute('aria-pressed');
  tile.setAttribute('aria-pressed', 'true');
  trigger('select', {rank: Number(tile.dataset.rank)});
});
watch('value', () => {
  const results = element.querySelector('.reid-results, .error');
  // On a phone they are below the picture.
  if (results && results.getBoundingClientRect().top > innerHeight - 200)
    results.scrollIntoView({block: 'start'});
});
'''

_ON_EXAMPLE = '''
element.addEventListener('click', (event) => {
  const example = event.target.closest('[data-example]');
  if (example) trigger('select', {rank: Number(example.dataset.example)});
});
'''

# Where it is out of sight, as on a phone.
_ON_DETAIL = '''
watch('value', () => {
  const detail = element.querySelector('.reid-detail');
  if (detail) detail.scrollIntoView({block: 'start'});
});
'''


class Found(NamedTuple):
    """What a visitor sees, for what comes next.

    Attributes:
        query: What was searched for.
        controls: What was set then.
        matches: What was found.
    """
    query: Query
    controls: tuple
    matches: Sequence[Match] = ()


class Answers:
    """What the page answers when somebody does something on it.

    Args:
        searcher (Searcher): Of the gallery.
    """

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher

    def upload(self, upload: Optional[Tuple[str, str]], camid: int, *controls:
               Any) -> tuple:
        """A picture was dropped."""
        if upload is None:
            return self.clear()
        path, name = upload

        def describe() -> Query:
            try:
                content = read_upload(path, MAX_UPLOAD)
                return self.searcher.describe(name, content, _known(camid))
            except (OSError, ValueError) as error:
                raise ValueError(f'{name} cannot be used: {error}') from error

        return self._search(describe, controls)

    def example(self, number: int, camid: int, *controls: Any) -> tuple:
        """An image of the gallery was chosen."""
        examples = self.searcher.summary().examples
        if not 1 <= number <= len(examples):
            return self.clear()
        name = examples[number - 1]
        return self._search(
            lambda: self.searcher.describe(name, name, _known(camid)),
            controls)

    def search_again(self, found: Optional[Found], *controls: Any) -> Any:
        """The filters were changed, or only looked at."""
        if found is None or found.controls == controls:
            return gr.skip()
        return self._search(lambda: found.query, controls)

    def describe_again(self, found: Optional[Found], camid: int, *controls:
                       Any) -> tuple:
        """The query is of another camera, as the model is told."""
        if found is None:
            return self.clear()
        name, source = found.query[:2]
        return self._search(
            lambda: self.searcher.describe(name, source, _known(camid)),
            controls)

    def clear(self) -> tuple:
        """The picture was taken away."""
        return None, render_empty(self.searcher.summary()), ''

    def select(self, found: Optional[Found], rank: int) -> str:
        """A match was chosen: where both branches look."""
        if found is None or not 1 <= rank <= len(found.matches):
            return render_error('This result is gone: drop the picture again.')
        query, match = found.query, found.matches[rank - 1]
        try:
            explanation = self.searcher.explain(query, match)
        except NotExplainable as error:
            return render_pair(query, match, rank,
                               f'Without an explanation: {error}.')
        except Exception as error:
            return render_pair(query, match, rank,
                               f'Without an explanation: {_told(error)}')
        return render_explanation(query, match, rank, explanation)

    def on_example(self, camid: int, topk: float, camids: List[int],
                   not_camids: List[int], start: str, end: str,
                   event: gr.EventData) -> tuple:
        """As :meth:`example`, and what the page shows as dropped."""
        answer = self.example(
            int(event.rank), camid, topk, camids, not_camids, start, end)
        found = answer[0]
        if found is None:
            return None, *answer
        return read_source(found.query.source)[..., ::-1], *answer

    def on_tile(self, found: Optional[Found], event: gr.EventData) -> str:
        """As :meth:`select`."""
        return self.select(found, int(event.rank))

    def on_load(self) -> tuple:
        """The page is loaded, when the gallery may have changed."""
        summary = self.searcher.summary()
        cameras = _choices(summary)
        visible = bool(cameras)
        return (render_header(summary,
                              self.searcher), render_examples(summary),
                render_empty(summary),
                gr.update(
                    choices=[('unknown', _UNKNOWN), *cameras],
                    visible=visible),
                gr.update(choices=cameras, visible=visible),
                gr.update(choices=cameras, visible=visible))

    def _search(self, describe: Callable[[], Query], controls: tuple) -> tuple:
        """The state, the results, and no explanation."""
        found = None
        try:
            found = Found(describe(), controls)
            topk, filters = read_controls(*controls)
            matches = self.searcher.search(found.query, topk, filters)
            found = found._replace(matches=matches)
            results = self._results(found)
        except Exception as error:
            results = render_error(_told(error))
        return found, results, ''

    def _results(self, found: Found) -> str:
        summary = self.searcher.summary()
        if not summary.size:
            return render_empty(summary)
        return render_results(found.query, found.matches,
                              self.searcher.threshold)


def read_controls(topk: float,
                  camids: Optional[List[int]] = None,
                  not_camids: Optional[List[int]] = None,
                  start: str = '',
                  end: str = '') -> Tuple[int, Filter]:
    """What was set on the page.

    Args:
        topk (float): How many images to show.
        camids (List[int], optional): Only those of these cameras. None or
            empty: of all.
        not_camids (List[int], optional): None of these cameras.
        start (str): Only those taken at this time or later.
        end (str): Only those taken at this time or earlier.

    Raises:
        ValueError: If a time is none, or nothing could be found.
    """
    filters = Filter(
        set(camids) if camids else None, set(not_camids or ()),
        parse_time(start), parse_time(end))
    if filters.camids is not None and \
            set(filters.camids) <= set(filters.not_camids):
        raise ValueError('all cameras that are searched are left out, too')
    if filters.start is not None and filters.end is not None \
            and filters.end < filters.start:
        raise ValueError(f'it ends, at {format_time(filters.end)}, before it '
                         f'starts, at {format_time(filters.start)}')
    check_topk(topk)
    return int(topk), filters


def build_page(searcher: Searcher, topk: int = 20) -> gr.Blocks:
    """A page to search a gallery by pictures.

    Args:
        searcher (Searcher): Of the gallery.
        topk (int): How many images to show at first. Defaults to 20.

    Returns:
        gr.Blocks: To be launched, see :func:`.serve`.

    Raises:
        ValueError: If so many cannot be shown.
    """
    check_topk(topk)
    answers = Answers(searcher)
    summary = searcher.summary()
    with gr.Blocks(
            title='Person search',
            analytics_enabled=False,
            fill_width=True,
            delete_cache=(_DELETE_EVERY, _DELETE_AFTER)) as page:
        found = gr.State(None)
        header = _html(render_header(summary, searcher), 'header')
        with gr.Row(elem_id='columns'):
            with gr.Column(scale=1, min_width=300):
                image = query_image()
                examples = _html(
                    render_examples(summary), 'examples', _ON_EXAMPLE)
                camid, controls = _controls(summary, topk)
            with gr.Column(scale=3, min_width=320):
                detail = _html('', 'detail', _ON_DETAIL)
                results = _html(render_empty(summary), 'results', _ON_TILE)
        _html(render('footer'), 'footer')

        outputs = [found, results, detail]
        settings = [camid, *controls]
        image.upload(answers.upload, [image, *settings], outputs, **_EVENT)
        image.clear(answers.clear, None, outputs, **_EVENT)
        examples.select(answers.on_example, settings, [image, *outputs],
                        **_EVENT)
        results.select(answers.on_tile, [found], [detail], **_EVENT)
        camid.input(answers.describe_again, [found, *settings], outputs,
                    **_EVENT)
        topk_slider, camids, not_camids, start, end = controls
        # A menu that is emptied at once is changed, but tells of no input.
        gr.on([
            topk_slider.change, camids.change, not_camids.change, start.submit,
            start.blur, end.submit, end.blur
        ], answers.search_again, [found, *controls], outputs, **_EVENT)
        page.load(answers.on_load, None,
                  [header, examples, results, camid, camids, not_camids],
                  **_EVENT)
    return page


def _html(value: str, elem_id: str, script: Optional[str] = None) -> gr.HTML:
    return gr.HTML(
        value, elem_id=elem_id, js_on_load=script, apply_default_css=False)


def _controls(summary: Summary,
              topk: int) -> Tuple[gr.Dropdown, List[gr.components.Component]]:
    """The camera of the query, and what :func:`read_controls` reads."""
    cameras = _choices(summary)
    has_cameras, has_times = bool(cameras), summary.times is not None
    camid = gr.Dropdown([('unknown', _UNKNOWN), *cameras],
                        value=_UNKNOWN,
                        label='Camera of the picture',
                        visible=has_cameras,
                        elem_id='camid')
    with gr.Accordion('Filters', open=False, elem_id='filters'):
        controls = [
            gr.Slider(
                1,
                MAX_TOPK,
                topk,
                step=1,
                label='Pictures to show',
                elem_id='topk'),
            gr.Dropdown(
                cameras,
                multiselect=True,
                label='Only these cameras',
                visible=has_cameras,
                elem_id='camids'),
            gr.Dropdown(
                cameras,
                multiselect=True,
                label='None of these cameras',
                visible=has_cameras,
                elem_id='not_camids'),
        ]
        with gr.Row(visible=has_times):
            for name, number in (('From', 0), ('To', 1)):
                example = summary.times and format_time(summary.times[number])
                controls.append(
                    gr.Textbox(
                        label=name,
                        placeholder=example,
                        min_width=120,
                        elem_id=name.lower()))
    return camid, controls


def _choices(summary: Summary) -> List[Tuple[str, int]]:
    return [(camera_name(camid), camid) for camid in summary.camids]


def _known(camid: int) -> Optional[int]:
    return None if camid == _UNKNOWN else camid


def _told(error: Exception) -> str:
    """What to say of an error; all of it, where it is not the visitor's, in
    the server's log."""
    if isinstance(error, (OSError, ValueError)):
        return str(error)
    if isinstance(error, KeyError):
        return str(error.args[0])
    _LOGGER.exception('the page could not answer')
    return 'The server could not answer: its log says why.'
