import numpy as np
from mmengine import fileio

from fusionreid_mm.sources import decode_image


def read_photograph(path: str) -> np.ndarray:
    """An image file as a test sees it.

    Args:
        path (str): The file, also one of a storage that MMEngine reads.

    Returns:
        np.ndarray: Pixels (H, W, 3), RGB and uint8, the right way up.

    Raises:
        OSError: If it cannot be read, with its name.
    """
    try:
        return decode_image(fileio.get(path))
    except (OSError, ValueError) as error:
        raise OSError(f'the image {path} cannot be shown: {error}. Did it '
                      'move since the test?') from error
