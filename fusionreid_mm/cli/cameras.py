"""What people call a camera: they are counted from 1, as in the names of files
and below pictures; ``camid`` is counted from 0."""
import argparse
from typing import Optional


def camid_of(text: str) -> int:
    """Of a camera that is named on the command line; for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no camera: they are counted from 1')
    return int(text) - 1


def camera_of(camid: Optional[int]) -> Optional[int]:
    """Of a ``camid``; None if nobody knows it."""
    return None if camid is None else camid + 1
