import os
from typing import Dict, List, Optional, Union

import numpy as np
import torch
from torch import Tensor

from fusionreid_mm.datasets.transforms import LoadReIDImage
from fusionreid_mm.models import (CNNBranch, DualAttentionMutualFusion,
                                  FusionReID, TransformerBranch)
from fusionreid_mm.sources.image_items import items_of
from fusionreid_mm.structures import ReIDDataSample
from fusionreid_mm.visualization.explanations import (attention_maps,
                                                      attention_rollout,
                                                      grad_cam, overlay_heat)
from .inferencer import ReIDInferencer

Image = Union[str, 'os.PathLike[str]', np.ndarray]


def explain(inferencer: ReIDInferencer,
            image: Image,
            camid: Optional[int] = None,
            reference: Optional[np.ndarray] = None) -> Dict[str, np.ndarray]:
    """Where the model looks in an image.

    Args:
        inferencer (ReIDInferencer): Of the model.
        image: An image file, or an array (H, W, 3) of 8 bits in OpenCV's order
            of colours.
        camid (int, optional): Its camera, from 0. None means that nobody
            knows. Defaults to None.
        reference (np.ndarray, optional): (D, ), a descriptor. The Grad-CAM
            shows what makes the image similar to it. None takes the image's
            own: it shows what the descriptor is made of. The attention is the
            same in either case. Defaults to None.

    Returns:
        Dict[str, np.ndarray]: Pictures (H, W, 3), RGB and uint8, of the size
        of the image, by name. ``'image'``: the image. ``'cnn'``: the Grad-CAM
        of the CNN branch, see :func:`grad_cam`. ``'transformer'``: the
        attention rollout of the Transformer branch, see
        :func:`attention_rollout`. ``'cnn_from_transformer'`` and
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
    inputs, data_samples = normalized_batch(inferencer, image, camid)
    photo = read_photo(image)
    references = None if reference is None else torch.as_tensor(reference)
    heats = heat_maps(model, inputs, data_samples, references)
    pictures = {
        name: overlay_heat(photo, heat[0].float().cpu().numpy())
        for name, heat in heats.items()
    }
    return dict(image=photo, **pictures)


def normalized_batch(inferencer: ReIDInferencer,
                     image: Image,
                     camid: Optional[int] = None) -> tuple:
    """``inputs`` (1, 3, H, W) and the data samples of one image, as the model
    takes them."""
    image = image if isinstance(image, np.ndarray) else os.fspath(image)
    items = items_of([image], [camid])
    batch, = inferencer.preprocess(items, 1)
    data = inferencer.model.data_preprocessor(batch, False)
    return data['inputs'], data['data_samples']


def read_photo(image: Image) -> np.ndarray:
    """(H, W, 3), RGB and uint8."""
    if not isinstance(image, np.ndarray):
        image = LoadReIDImage()(dict(img_path=os.fspath(image)))['img']
    return np.ascontiguousarray(image[..., ::-1])


def heat_maps(model: FusionReID,
              inputs: Tensor,
              data_samples: Optional[List[ReIDDataSample]] = None,
              references: Optional[Tensor] = None) -> Dict[str, Tensor]:
    """The maps (B, H, W) behind :func:`explain`, by name."""
    heats = {}
    for name, branch in model.branches.items():
        if isinstance(branch, CNNBranch):
            heats[name] = grad_cam(model, inputs, data_samples, references,
                                   name)
        elif isinstance(branch, TransformerBranch):
            heats[name] = attention_rollout(model, inputs, data_samples, name)
    if isinstance(model.neck, DualAttentionMutualFusion):
        for look in attention_maps(model, inputs, data_samples):
            # The last one of each name is that of the last HTM.
            if look.branch != look.patches:
                heats[f'{look.branch}_from_{look.patches}'] = \
                    look.weights.mean(dim=1)
    return heats
