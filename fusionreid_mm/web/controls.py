"""What can be set on the page beside the picture."""
from typing import List, NamedTuple, Optional, Tuple

import gradio as gr

from fusionreid_mm.apis import Filter
from .rendering import camera_name
from .searcher import MAX_TOPK, Summary, check_topk
from .times import format_time, parse_time

#: For a camera that nobody knows, since a menu cannot have None.
UNKNOWN = -1

UNKNOWN_CAMERA = ('unknown', UNKNOWN)


class Controls(NamedTuple):
    """Parts of the page, the values of which :func:`read_controls` reads."""
    topk: gr.Slider
    camids: gr.Dropdown
    not_camids: gr.Dropdown
    start: gr.Textbox
    end: gr.Textbox


def place_camera(summary: Summary) -> gr.Dropdown:
    """The camera of the query, if the gallery knows any."""
    choices = [UNKNOWN_CAMERA, *camera_choices(summary)]
    return gr.Dropdown(
        choices,
        value=UNKNOWN,
        label='Camera of the picture',
        visible=bool(summary.camids),
        elem_id='camid')


def place_controls(summary: Summary, topk: int) -> Controls:
    """What may be found, folded; without what the gallery does not know."""
    with gr.Accordion('Filters', open=False, elem_id='filters'):
        number = gr.Slider(
            1,
            MAX_TOPK,
            topk,
            step=1,
            label='Pictures to show',
            elem_id='topk')
        menus = [
            gr.Dropdown(
                camera_choices(summary),
                multiselect=True,
                label=label,
                visible=bool(summary.camids),
                elem_id=elem_id)
            for label, elem_id in (('Only these cameras', 'camids'),
                                   ('None of these cameras', 'not_camids'))
        ]
        with gr.Row(visible=summary.times is not None):
            texts = [
                gr.Textbox(
                    label=label,
                    placeholder=format_time(time),
                    min_width=120,
                    elem_id=label.lower())
                for label, time in zip(('From', 'To'), summary.times or (0, 0))
            ]
    return Controls(number, menus[0], menus[1], texts[0], texts[1])


def camera_choices(summary: Summary) -> List[Tuple[str, int]]:
    """Of a menu."""
    return [(camera_name(camid), camid) for camid in summary.camids]


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
