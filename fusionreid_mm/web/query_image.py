import os
from typing import Any, Dict, Optional, Tuple

import gradio as gr
from gradio.utils import get_upload_folder


def query_image() -> gr.Image:
    """A place for a picture to search for.

    Functions that read it must be called with ``preprocess=False``, and ask
    :func:`dropped_file`: Gradio would decode it otherwise than the model's
    pipeline, and answer for what is no picture with an error that says
    nothing.
    """
    return gr.Image(
        label='Picture of a person',
        show_label=False,
        type='filepath',
        format='png',
        sources=['upload', 'clipboard'],
        buttons=[],
        height=340,
        elem_id='query')


def dropped_file(payload: Optional[Dict[str, Any]]) -> \
        Optional[Tuple[str, str]]:
    """Path of a file that was dropped, and its name where it came from.

    Args:
        payload (dict, optional): What a browser has sent, whoever wrote it.

    Raises:
        ValueError: If it is another file of this machine, or an address:
            nothing is read or fetched for a visitor.
    """
    if payload is None:
        return None
    path = os.path.realpath(str(payload.get('path')))
    folder = os.path.realpath(get_upload_folder())
    if os.path.commonpath([path, folder]) != folder:
        raise ValueError('only pictures that are dropped here are taken')
    return path, str(payload.get('orig_name') or 'the picture')
