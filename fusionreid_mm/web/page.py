"""The page: which part of it changes when, by Gradio."""
from typing import Any, Dict, Optional

import gradio as gr

from .answers import Answers
from .controls import place_camera, place_controls
from .query_image import query_image
from .rendering import render, render_empty, render_examples, render_header
from .searcher import Searcher, check_topk

# Seconds: how often pictures that were dropped are looked through, and how old
# one may be then: together an hour, after which searches are forgotten, too.
_DELETE_EVERY, _DELETE_AFTER = 300, 3300
_FORGET_AFTER = 3600

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
        found = gr.State(None, time_to_live=_FORGET_AFTER)
        header = _html(render_header(summary, searcher), 'header')
        with gr.Row(elem_id='columns'):
            with gr.Column(scale=1, min_width=300):
                image = query_image()
                examples = _html(
                    render_examples(summary), 'examples', _ON_EXAMPLE)
                camid = place_camera(summary)
                controls = place_controls(summary, topk)
            with gr.Column(scale=3, min_width=320):
                detail = _html('', 'detail', _ON_DETAIL)
                results = _html(render_empty(summary), 'results', _ON_TILE)
        _html(render('footer'), 'footer')

        outputs = [found, results, detail]
        settings = [camid, *controls]
        image.upload(
            answers.on_upload, [image, *settings], [image, *outputs],
            preprocess=False,
            **_EVENT)
        image.clear(answers.clear, None, outputs, **_EVENT)
        examples.select(answers.on_example, settings, [image, *outputs],
                        **_EVENT)
        results.select(answers.on_tile, [found], [detail], **_EVENT)
        camid.input(answers.describe_again, [found, *settings], outputs,
                    **_EVENT)
        # A menu that is emptied at once is changed, but tells of no input.
        changes = [part.change for part in controls[:3]]
        for text in (controls.start, controls.end):
            changes += [text.submit, text.blur]
        gr.on(changes, answers.search_again, [found, *controls], outputs,
              **_EVENT)
        menus = [camid, controls.camids, controls.not_camids]
        page.load(answers.on_load, None, [header, examples, results, *menus],
                  **_EVENT)
    return page


def _html(value: str, elem_id: str, script: Optional[str] = None) -> gr.HTML:
    return gr.HTML(
        value, elem_id=elem_id, js_on_load=script, apply_default_css=False)
