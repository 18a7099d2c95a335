"""What the page answers when somebody does something on it."""
import logging
from typing import (Any, Callable, Dict, List, NamedTuple, Optional, Sequence,
                    Tuple)

import gradio as gr

from fusionreid_mm.apis import Match
from .controls import UNKNOWN, UNKNOWN_CAMERA, camera_choices, read_controls
from .query import Query, read_source, read_upload
from .query_image import dropped_file
from .rendering import (render_empty, render_error, render_examples,
                        render_explanation, render_header, render_pair,
                        render_results)
from .searcher import NotExplainable, Searcher

_LOGGER = logging.getLogger(__name__)


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
                content = read_upload(path)
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

    def on_upload(self, payload: Optional[Dict[str, Any]], camid: int,
                  *controls: Any) -> tuple:
        """As :meth:`upload`, and what is no picture is not shown as one."""
        try:
            upload = dropped_file(payload)
        except ValueError as error:
            return None, None, render_error(str(error)), ''
        answer = self.upload(upload, camid, *controls)
        shown = None if answer[0] is None else gr.skip()
        return shown, *answer

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
        cameras = camera_choices(summary)
        visible = bool(cameras)
        return (render_header(summary,
                              self.searcher), render_examples(summary),
                render_empty(summary),
                gr.update(choices=[UNKNOWN_CAMERA, *cameras], visible=visible),
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


def _known(camid: int) -> Optional[int]:
    return None if camid == UNKNOWN else camid


def _told(error: Exception) -> str:
    """What to say of an error; all of it, where it is not the visitor's, in
    the server's log."""
    if isinstance(error, (OSError, ValueError)):
        return str(error)
    _LOGGER.exception('the page could not answer')
    return 'The server could not answer: its log says why.'
