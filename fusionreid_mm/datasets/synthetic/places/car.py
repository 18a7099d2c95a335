"""A car from the side."""
from typing import Tuple

import cv2
import numpy as np

from ..palette import Colour

__all__ = ['CAR_PAINTS', 'draw_car']

CAR_PAINTS = (Colour(34, 36, 40), Colour(196, 198, 200), Colour(226, 226, 222),
              Colour(120, 124, 128), Colour(44, 62, 104), Colour(150, 38, 36),
              Colour(92, 104, 92))


def draw_car(picture: np.ndarray, corner: Tuple[int, int], length: int,
             paint: Colour) -> None:
    """Draw a car from the side; ``corner`` is below its rear bumper."""
    x, y = corner
    tall = length / 3.0

    def outline(*points: Tuple[float, float]) -> list:
        return [
            np.array([(x + length * px, y - tall * py) for px, py in points],
                     np.int32)
        ]

    body = outline((0, 0.22), (0.0, 0.55), (0.1, 0.62), (0.22, 0.98),
                   (0.62, 1.0), (0.78, 0.64), (0.97, 0.55), (1, 0.22))
    cv2.fillPoly(picture, body, paint, cv2.LINE_AA)
    glass = outline((0.15, 0.64), (0.245, 0.92), (0.60, 0.93), (0.72, 0.65))
    cv2.fillPoly(picture, glass, (52, 60, 68), cv2.LINE_AA)
    pillar = outline((0.42, 0.64), (0.42, 0.94), (0.45, 0.94), (0.45, 0.64))
    cv2.fillPoly(picture, pillar, paint, cv2.LINE_AA)
    for wheel in (0.2, 0.79):
        middle = int(x + length * wheel), int(y - tall * 0.22)
        cv2.circle(picture, middle, int(tall * 0.23), (26, 26, 28), -1,
                   cv2.LINE_AA)
        cv2.circle(picture, middle, int(tall * 0.12), (150, 150, 154), -1,
                   cv2.LINE_AA)
