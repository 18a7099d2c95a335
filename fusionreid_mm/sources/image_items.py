"""What an inferencer is given, one image after the other."""
import os
from itertools import zip_longest
from typing import (Any, Callable, Iterable, Iterator, List, NamedTuple,
                    Optional, Sized, Tuple, Union)

import numpy as np

from .listing import list_images
from .person_image import PersonImage

Image = Union[str, 'os.PathLike[str]', PersonImage, np.ndarray]
Images = Union[Image, Iterable[Image]]
Camids = Union[int, Iterable[Optional[int]], None]

#: An image as it was read from, or as it was given.
Described = Union[PersonImage, np.ndarray]

_MISSING = object()


class Item(NamedTuple):
    """An image, and its camera from 0, if somebody knows it."""
    image: Described
    camid: Optional[int]


def items_of(images: Images, camids: Camids) -> Iterable[Item]:
    """The images with their cameras.

    Args:
        images: As of :meth:`.ReIDInferencer.__call__`. What has a length is
            looked through at once, anything else when it is asked for.
        camids: The camera of each, one for all, or None for what the images
            themselves say.

    Raises:
        ValueError: If there are no images, not as many as camids, or an array
            is none.
    """
    if isinstance(images, np.ndarray) and images.ndim == 4:
        images = list(images)
    if isinstance(images, (str, os.PathLike, PersonImage, np.ndarray)) \
            or not isinstance(images, Iterable):
        images = [images]
    if not isinstance(images, (list, tuple)):
        return _with_camids(_each(images), camids)
    listed: List = list(_each(images))
    if not listed:
        raise ValueError(f'there are no images in {images!r}')
    if isinstance(camids, Sized) and len(camids) != len(listed):
        raise ValueError(f'{len(listed)} images, but {len(camids)} camids')
    return list(_with_camids(listed, camids))


def descriptors_of(batches: Iterable[Tuple[List[Described], np.ndarray]],
                   advance: Callable[[int], None]) -> np.ndarray:
    """All descriptors (N, D) of batches of images.

    Args:
        batches: The images of each, and their descriptors (B, D).
        advance: Told after each how many images are done.

    Raises:
        ValueError: If there are no images.
    """
    parts: List[np.ndarray] = []
    done = 0
    for batch, descriptors in batches:
        parts.append(descriptors)
        done += len(batch)
        advance(done)
    if not parts:
        raise ValueError('there are no images')
    return np.concatenate(parts)


def _each(images: Iterable[Image]) -> Iterator[Any]:
    for number, image in enumerate(images):
        if isinstance(image, np.ndarray):
            _check_numbered(image, number)
            yield image
        elif isinstance(image, PersonImage):
            yield image
        else:
            yield from list_images(image)


def _with_camids(images: Iterable, camids: Camids) -> Iterator[Item]:
    if camids is None:
        for image in images:
            yield Item(image, getattr(image, 'camid', None))
    elif isinstance(camids, (int, np.integer)):
        for image in images:
            yield _item(image, camids)
    else:
        for image, camid in zip_longest(images, camids, fillvalue=_MISSING):
            if image is _MISSING or camid is _MISSING:
                raise ValueError('there are not as many images as camids')
            yield _item(image, camid)


def _item(image: Any, camid: Any) -> Item:
    camid = None if camid is None else int(camid)
    if isinstance(image, PersonImage):
        image = image._replace(camid=camid)
    return Item(image, camid)


def _check_numbered(image: np.ndarray, number: int) -> None:
    try:
        check_array(image)
    except ValueError as error:
        raise ValueError(f'{error} (image {number}, counted from 0)') \
            from error


def check_array(image: np.ndarray) -> None:
    """Refuse an array that is no image.

    Raises:
        ValueError: If it is not of 8 bits and three channels.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] != 3 \
            or not image.size:
        raise ValueError(
            'an image must be (H, W, 3) of uint8, in the order blue, green, '
            f'red: got {image.shape} of {image.dtype}')


def check_options(batch_size: int, on_bad_image: str = 'raise') -> None:
    """Refuse options of inferencers that mean nothing.

    Raises:
        ValueError: If they do not.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1: got {batch_size}')
    if on_bad_image not in ('raise', 'skip'):
        raise ValueError("on_bad_image must be 'raise' or 'skip': got "
                         f'{on_bad_image!r}')
