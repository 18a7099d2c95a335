import cv2
import matplotlib
import numpy as np

# Standard deviation of the blur, in cells of the grid.
_BLUR = 0.4


def overlay_heat(image: np.ndarray,
                 heat: np.ndarray,
                 opacity: float = 0.6) -> np.ndarray:
    """Lay a map over an image, from blue (its least value) to red (its
    greatest).

    Args:
        image (np.ndarray): (H, W, 3), RGB and uint8.
        heat (np.ndarray): (h, w), of any size and scale; it is stretched over
            the whole image.
        opacity (float): Of red, from 0 to 1; blue has a third of it. Defaults
            to 0.6.

    Returns:
        np.ndarray: (H, W, 3), RGB and uint8. Where a map is the same
        everywhere, all of it is blue.
    """
    height, width = image.shape[:2]
    smooth = _stretch(heat, height, width)[..., None]
    colours = matplotlib.colormaps['turbo'](smooth[..., 0])[..., :3] * 255
    alpha = opacity * (1 + 2 * smooth) / 3
    return np.rint(image * (1 - alpha) + colours * alpha).astype(np.uint8)


def _stretch(heat: np.ndarray, height: int, width: int) -> np.ndarray:
    """A map of the size of an image, without the corners of its cells, from 0
    to 1."""
    heat = np.asarray(heat, dtype=np.float32)
    cells = width / heat.shape[1], height / heat.shape[0]
    heat = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    heat = cv2.GaussianBlur(
        heat, (0, 0), sigmaX=_BLUR * cells[0], sigmaY=_BLUR * cells[1])
    heat = heat - heat.min()
    return heat / heat.max() if heat.max() > 1e-12 else heat
