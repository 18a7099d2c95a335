"""From an image to what an exported model takes, without MMEngine.

H, W are height and width in pixels.
"""
from typing import Any, Dict, NamedTuple

import cv2
import numpy as np
from PIL import Image

#: The ways of resizing, by library and by the names that mmcv has for them.
INTERPOLATIONS: Dict[str, Dict[str, Any]] = {
    'pillow': {
        'nearest': Image.Resampling.NEAREST,
        'bilinear': Image.Resampling.BILINEAR,
        'bicubic': Image.Resampling.BICUBIC,
        'box': Image.Resampling.BOX,
        'lanczos': Image.Resampling.LANCZOS,
        'hamming': Image.Resampling.HAMMING,
    },
    'cv2': {
        'nearest': cv2.INTER_NEAREST,
        'bilinear': cv2.INTER_LINEAR,
        'bicubic': cv2.INTER_CUBIC,
        'area': cv2.INTER_AREA,
        'lanczos': cv2.INTER_LANCZOS4,
    },
}


class Preprocessing(NamedTuple):
    """What is done to an image before a model sees it: ``Resize`` and
    ``PackReIDInputs`` of the pipeline. All that follows is in the graph.

    Attributes:
        height: Of what the model takes, in pixels.
        width: Likewise.
        interpolation: How images are resized, by mmcv's name for it.
        backend: By which library, ``'pillow'`` or ``'cv2'``.
    """
    height: int
    width: int
    interpolation: str
    backend: str

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) of uint8 and of any size, to (3, height, width); the
        order of the colours stays."""
        return np.ascontiguousarray(self._resize(image).transpose(2, 0, 1))

    def _resize(self, image: np.ndarray) -> np.ndarray:
        size = (self.width, self.height)
        method = INTERPOLATIONS[self.backend][self.interpolation]
        if self.backend == 'cv2':
            return cv2.resize(image, size, interpolation=method)
        return np.array(Image.fromarray(image).resize(size, method))
