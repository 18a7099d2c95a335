"""Cameras, as the names of files tell them."""
import re
from typing import List, Sequence

from .person_image import PersonImage


def with_cameras(images: Sequence[PersonImage],
                 pattern: str) -> List[PersonImage]:
    """Images with the cameras that their names tell.

    Args:
        images (Sequence[PersonImage]): Those whose camera is known keep it.
        pattern (str): A regular expression with a group for the number of the
            camera, which is counted from 1, as in ``r'_c(\\d+)'``. It is
            looked for in the whole name; the last place counts.

    Returns:
        List[PersonImage]: Where a name tells nothing, the camera stays
        unknown.

    Raises:
        ValueError: If the pattern is no regular expression with one group, no
            name of several tells a camera, or one tells camera 0.
    """
    compiled = _compile(pattern)
    found = [_with_camera(image, compiled) for image in images]
    if images and all(image.camid is None for image in found):
        raise ValueError(
            f'camera_pattern {pattern!r} matches no name, as '
            f'{images[0].name!r}. For Market-1501 and DukeMTMC-reID it is '
            r"r'_c(\d+)'")
    return found


def _compile(pattern: str) -> 're.Pattern[str]':
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f'camera_pattern {pattern!r} is no regular '
                         f'expression: {error}') from error
    if compiled.groups != 1:
        raise ValueError(
            f'camera_pattern {pattern!r} must have one group, for the number '
            rf"of the camera, as r'_c(\d+)': it has {compiled.groups}")
    return compiled


def _with_camera(image: PersonImage,
                 pattern: 're.Pattern[str]') -> PersonImage:
    matches = pattern.findall(image.name.replace('\\', '/'))
    if image.camid is not None or not matches:
        return image
    if not matches[-1].isdecimal() or int(matches[-1]) < 1:
        raise ValueError(
            f'camera_pattern {pattern.pattern!r} finds the camera '
            f'{matches[-1]!r} in {image.name!r}: it must be a number, counted '
            'from 1')
    return image._replace(camid=int(matches[-1]) - 1)
