import os
from pathlib import Path
from typing import Union

import numpy as np

from .image_decoding import UnreadableImageError, decode_image
from .video import is_crop, read_crop


def read_image(name: Union[str, 'os.PathLike[str]']) -> np.ndarray:
    """The pixels of an image of a person.

    Image files are decoded as :class:`.LoadReIDImage` does it.

    Args:
        name (str | PathLike): An image file, or a crop of a video: see
            :class:`.PersonImage`.

    Returns:
        np.ndarray: (H, W, 3) of uint8, in OpenCV's order of colours (BGR), the
        right way up.

    Raises:
        UnreadableImageError: If there is no such image, or it cannot be read.
    """
    name = os.fspath(name)
    try:
        if is_crop(name):
            return read_crop(name)
        rgb = decode_image(Path(name).read_bytes())
    except Exception as error:
        raise UnreadableImageError(
            f'cannot read the image {name}: {error}') from error
    return np.ascontiguousarray(rgb[..., ::-1])
