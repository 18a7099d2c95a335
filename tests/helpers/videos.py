"""Videos whose frames tell their numbers."""
from pathlib import Path
from typing import Tuple

import cv2
import numpy as np

SIZE = (64, 48)
RATE = 10


def frame_picture(index: int) -> np.ndarray:
    """(H, W, 3), BGR: as bright as the index says, the left half is blue."""
    width, height = SIZE
    picture = np.full((height, width, 3), 10 * index, np.uint8)
    picture[:, :width // 2, 0] = 250
    return picture


def write_video(path: Path, num_frames: int = 20, codec: str = 'MJPG') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*codec), RATE, SIZE)
    assert writer.isOpened()
    for index in range(num_frames):
        writer.write(frame_picture(index))
    writer.release()
    return path


def number_of(crop: np.ndarray) -> Tuple[int, int]:
    """The frame that a crop of the right half is of, and how wide it is."""
    return round(float(crop[..., 1].mean()) / 10), crop.shape[1]
