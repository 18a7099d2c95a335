"""Crops of videos: frames of a file, and boxes in them."""
import os
import re
import threading
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

import cv2
import numpy as np

_SUFFIXES = {'.avi', '.m4v', '.mkv', '.mov', '.mp4', '.mpeg', '.mpg', '.webm'}

_CROP = re.compile(r'(?P<video>.+)#frame=(?P<frame>\d+)&xywh='
                   r'(?P<box>\d+,\d+,\d+,\d+)')

# The video that a thread has read last.
_last = threading.local()


class Box(NamedTuple):
    """A part of a picture, in pixels."""
    left: int
    top: int
    width: int
    height: int

    def clipped(self, width: int, height: int) -> 'Box':
        """What of it lies in a picture of this size; nothing of it may."""
        left, top = max(self.left, 0), max(self.top, 0)
        right = min(self.left + self.width, width)
        bottom = min(self.top + self.height, height)
        return Box(left, top, max(right - left, 0), max(bottom - top, 0))

    @property
    def is_empty(self) -> bool:
        return self.width < 1 or self.height < 1


class Video:
    """A video file that is read forwards, so that each frame is decoded once.

    There is no jumping ahead, which is not exact to the frame in all kinds of
    videos.

    Args:
        path (str): The file.

    Attributes:
        rate (float): Frames a second; 0 where the file does not say it.
        declared_length (int): How many frames there are, as the file says,
            which may be wrong.
        position (int): The frame that was reached, from 0; -1 at the start.

    Raises:
        ValueError: If OpenCV cannot read it.
    """

    def __init__(self, path: str) -> None:
        self._capture = cv2.VideoCapture(path)
        if not self._capture.isOpened():
            raise ValueError(f'{path} is no video that OpenCV can read')
        self.rate: float = self._capture.get(cv2.CAP_PROP_FPS)
        self.declared_length = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.position = -1
        self._picture: Optional[np.ndarray] = None

    def has(self, index: int) -> bool:
        """Read on to a frame, if it is there."""
        while self.position < index and self._capture.grab():
            self.position, self._picture = self.position + 1, None
        return self.position >= index

    def picture(self, index: int) -> np.ndarray:
        """A frame that has not been passed, (H, W, 3) BGR.

        Raises:
            ValueError: If it is not there, or damaged.
        """
        if not self.has(index):
            raise ValueError(f'the video has {self.position + 1} frames, '
                             f'counted from 0')
        if self._picture is None:
            _, self._picture = self._capture.retrieve()
        if self._picture is None:
            raise ValueError(f'frame {index} cannot be decoded')
        return self._picture


def is_video(path: Path) -> bool:
    """Whether a file is a video, by its name."""
    return not path.name.startswith('.') and path.suffix.lower() in _SUFFIXES


def is_crop(name: str) -> bool:
    """Whether a name is of a crop of a video, and not of a file."""
    return _CROP.fullmatch(name) is not None


def crop_name(video: str, frame: int, box: Box) -> str:
    """The name of a crop, which :func:`read_crop` reads."""
    return f'{video}#frame={frame}&xywh={",".join(map(str, box))}'


def split_crop_name(name: str) -> Tuple[str, int, Box]:
    """The video, the frame and the box of a crop."""
    match = _CROP.fullmatch(name)
    assert match is not None, name
    return match['video'], int(
        match['frame']), Box(*map(int, match['box'].split(',')))


def read_crop(name: str) -> np.ndarray:
    """The pixels (H, W, 3) of a crop, BGR. A thread that reads crops in the
    order of their frames reads the video once.

    Raises:
        FileNotFoundError: If there is no such video.
        ValueError: If it is none, or has no such frame, or the box is not
            within it.
    """
    path, index, box = split_crop_name(name)
    picture = _video_before(path, index).picture(index)
    height, width = picture.shape[:2]
    if box.is_empty or box != box.clipped(width, height):
        raise ValueError(f'the box is not within its {width} x {height} '
                         'pixels')
    return picture[box.top:box.top + box.height,
                   box.left:box.left + box.width].copy()


def _video_before(path: str, index: int) -> Video:
    """One that has not passed the frame: the last, if it is that."""
    state = os.stat(path)
    key = path, state.st_mtime_ns, state.st_size
    if getattr(_last, 'key', None) != key or _last.video.position > index:
        _last.key, _last.video = key, Video(path)
    return _last.video
