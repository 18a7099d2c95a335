import base64
import io

import numpy as np
from PIL import Image

# Pixels of a picture on the page: twice as many as are shown, for screens with
# small pixels.
_SIZE = (320, 480)

_QUALITY = 85


def picture_uri(pixels: np.ndarray) -> str:
    """A picture within the text of a page, so that no file has to be served.

    Args:
        pixels (np.ndarray): (H, W, 3), RGB and uint8.

    Returns:
        str: ``'data:image/jpeg;base64,...'``.
    """
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail(_SIZE, Image.Resampling.LANCZOS)
    content = io.BytesIO()
    image.save(content, 'JPEG', quality=_QUALITY)
    return 'data:image/jpeg;base64,' + base64.b64encode(
        content.getvalue()).decode('ascii')
