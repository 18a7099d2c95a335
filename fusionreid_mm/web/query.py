import os
from pathlib import Path
from typing import NamedTuple, Optional, Union

import numpy as np

from fusionreid_mm.sources import decode_image, read_image

#: Bytes of a picture that is dropped.
MAX_UPLOAD = 20 * 2**20


class Query(NamedTuple):
    """A picture of somebody who is looked for.

    Attributes:
        name: What it is called on the page.
        source: The content of an image file that somebody has dropped; or the
            name of an image of the gallery.
        camid: Its camera, counted from 0. None: nobody knows.
        descriptor: (D, ), by the gallery's model.
        is_wide: Whether it is wider than tall, as few people are.
    """
    name: str
    source: Union[bytes, str]
    camid: Optional[int]
    descriptor: np.ndarray
    is_wide: bool = False

    @property
    def gallery_name(self) -> Optional[str]:
        """Its name in the gallery, if it is one of its images."""
        return self.source if isinstance(self.source, str) else None


def read_source(source: Union[bytes, str]) -> np.ndarray:
    """The pixels (H, W, 3) of a query, uint8, in OpenCV's order of colours.

    Raises:
        ValueError: If it is no image, or one that is not to be read.
        OSError: If it is damaged, or not there any more.
    """
    if isinstance(source, str):
        return read_image(source)
    return np.ascontiguousarray(decode_image(source)[..., ::-1])


def read_upload(path: Union[str, 'os.PathLike[str]']) -> bytes:
    """A file that somebody has dropped.

    Args:
        path (str | PathLike): Where it lies for now.

    Raises:
        ValueError: If it is larger than it may be.
        OSError: If it is not there.
    """
    with Path(path).open('rb') as file:
        content = file.read(MAX_UPLOAD + 1)
    if len(content) > MAX_UPLOAD:
        raise ValueError(f'the file has more than {MAX_UPLOAD // 2**20} MB')
    return content
