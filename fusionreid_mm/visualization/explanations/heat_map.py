import cv2
import matplotlib
import numpy as np


def overlay_heat(image: np.ndarray,
                 heat: np.ndarray,
                 opacity: float = 0.5) -> np.ndarray:
    """Lay a map over an image, from blue (its least value) to red (its
    greatest).

    Args:
        image (np.ndarray): (H, W, 3), RGB and uint8.
        heat (np.ndarray): (h, w), of any size and scale; it is stretched over
            the whole image.
        opacity (float): Of the colours, from 0 to 1. Defaults to 0.5.

    Returns:
        np.ndarray: (H, W, 3), RGB and uint8. Where a map is the same
        everywhere, all of it is blue.
    """
    heat = np.asarray(heat, dtype=np.float32)
    heat = heat - heat.min()
    if heat.max() > 0:
        heat /= heat.max()
    height, width = image.shape[:2]
    heat = cv2.resize(heat, (width, height), interpolation=cv2.INTER_CUBIC)
    colours = matplotlib.colormaps['jet'](heat.clip(0, 1))[..., :3] * 255
    mixed = (1 - opacity) * image + opacity * colours
    return np.rint(mixed).astype(np.uint8)
