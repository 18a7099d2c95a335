from typing import Any

import gradio as gr


def query_image() -> gr.Image:
    """A place for a picture to search for, which Gradio leaves as it was
    dropped.

    Gradio would decode it otherwise than the model's pipeline, and answer for
    what is no picture with an error that says nothing. Its functions are given
    its path, and its name where it came from.
    """
    image = gr.Image(
        label='Picture of a person',
        show_label=False,
        type='filepath',
        format='png',
        sources=['upload', 'clipboard'],
        buttons=[],
        height=340,
        elem_id='query')
    move = image.async_move_resource_to_block_cache

    async def move_local(path: Any) -> Any:
        refuse_address(path)
        return await move(path)

    # Of a subclass, Gradio would write a stub into the folder of this file.
    vars(image).update(
        preprocess=path_and_name,
        async_move_resource_to_block_cache=move_local)
    return image


def path_and_name(payload: Any) -> Any:
    """Of what a browser has sent; None of nothing."""
    if payload is None:
        return None
    return payload.path, payload.orig_name or 'the picture'


def refuse_address(path: Any) -> None:
    """Nothing is fetched from the network for a visitor, whatever the browser
    says.

    Raises:
        gr.Error: If it is an address.
    """
    if '://' in str(path):
        raise gr.Error('only pictures that are dropped here are taken')
