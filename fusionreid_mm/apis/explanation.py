from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from fusionreid_mm.models import FusionReID
from fusionreid_mm.sources import read_image
from fusionreid_mm.sources.image_items import Image, Item, items_of
from fusionreid_mm.visualization.explanations import heat_maps, overlay_heat
from .inferencer import ReIDInferencer


def explain(inferencer: ReIDInferencer,
            image: Image,
            camid: Optional[int] = None,
            reference: Optional[np.ndarray] = None) -> Dict[str, np.ndarray]:
    """Where the model looks in an image.

    Args:
        inferencer (ReIDInferencer): Of the model.
        image: An image file, a crop of a video, a :class:`.PersonImage`, or an
            array (H, W, 3) of 8 bits in OpenCV's order of colours (BGR).
        camid (int, optional): Its camera, from 0. None takes what the image
            says, which may be that nobody knows. Defaults to None.
        reference (np.ndarray, optional): (D, ), a descriptor. ``'cnn'`` then
            shows what makes the image more similar to it than to the average
            person. None takes the image's own: it shows what the descriptor
            is made of. The attention is the same in either case. Defaults to
            None.

    Returns:
        Dict[str, np.ndarray]: Pictures (H, W, 3), RGB and uint8, of the size
        of the image, by name. ``'image'``: the image. ``'cnn'``: a Grad-CAM of
        the CNN branch, see :func:`.explain_similarity`. ``'transformer'``: the
        attention rollout of the Transformer branch, see
        :func:`.attention_rollout`. ``'cnn_from_transformer'`` and
        ``'transformer_from_cnn'``: at which of the other branch's patches the
        class token of the CNN, and of the Transformer, looks in the MFU of the
        last HTM. A model without one of these parts lacks its picture.

    Raises:
        ValueError: If the inferencer has no model to look into, the image is
            none, or the reference is not a descriptor of this model.

    ::

        pictures = explain(inferencer, 'a.jpg', camid=2)
        mmcv.imwrite(pictures['cnn'][..., ::-1], 'grad_cam.jpg')
    """
    model = getattr(inferencer, 'model', None)
    if not isinstance(model, FusionReID):
        raise ValueError(
            f'{type(inferencer).__name__} has no model that could be looked '
            'into: give a ReIDInferencer of a config and a checkpoint')
    item = _one_item(image, camid)
    references = None if reference is None else _descriptor(reference)
    heats = heat_maps(model, *normalized_batch(inferencer, [item]), references)
    photo = read_photo(item)
    pictures = {
        name: overlay_heat(photo, heat[0].float().cpu().numpy())
        for name, heat in heats.items()
    }
    return dict(image=photo, **pictures)


def normalized_batch(inferencer: ReIDInferencer,
                     items: Sequence[Item]) -> Tuple[Tensor, list]:
    """Images as the model takes them: ``inputs`` (B, 3, H, W), and the data
    samples."""
    batch = inferencer.collate_fn(
        [inferencer.pipeline(item) for item in items])
    data = inferencer.model.data_preprocessor(batch, False)
    return data['inputs'], data['data_samples']


def read_photo(item: Item) -> np.ndarray:
    """(H, W, 3), RGB and uint8, in the size of the file."""
    image = item.image
    if not isinstance(image, np.ndarray):
        image = read_image(image.name)
    return np.ascontiguousarray(image[..., ::-1])


def _descriptor(reference: Any) -> Tensor:
    values = np.asarray(reference)
    if values.dtype.kind != 'f':
        raise ValueError('a reference is a descriptor, an array of floating '
                         f'point numbers: got {type(reference).__name__} of '
                         f'{values.dtype}; describe an image with the '
                         'inferencer before')
    return torch.from_numpy(values)


def _one_item(image: Image, camid: Optional[int]) -> Item:
    items = list(items_of(image, camid))
    if len(items) != 1:
        raise ValueError(f'one image is explained at a time: {image!r} are '
                         f'{len(items)}')
    return items[0]
