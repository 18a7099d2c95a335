"""Decoding image files, each kind of them rightly or not at all."""
import io

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# What shows through: the mean of ImageNet, as mmcv has it for grey images with
# transparency, which is 0 for a network.
_BACKGROUND = (124, 117, 104)

# Photographs with a preview or a second view, as some cameras write them.
_PHOTO_WITH_EXTRAS = 'MPO'


class UnreadableImageError(OSError):
    """A file that is no image that can be read; the message names it."""


def decode_image(content: bytes) -> np.ndarray:
    """The pixels (H, W, 3) of an image file, 8-bit RGB, the right way up.

    Grey, palette and CMYK images become RGB, 16-bit ones lose their lower
    bits, and transparent ones lie on a neutral grey.

    Args:
        content (bytes): What the file holds.

    Raises:
        ValueError: If the file is empty, no image, larger than
            ``PIL.Image.MAX_IMAGE_PIXELS``, a film, or of floating point
            numbers.
        OSError: If it is cut off or damaged, as far as Pillow notices.
    """
    if not content:
        raise ValueError('the file is empty')
    try:
        image = Image.open(io.BytesIO(content))
    except UnidentifiedImageError as error:
        raise ValueError('this is no image of a known format; the file '
                         f'starts with {content[:12]!r}') from error
    with image:
        _check_size(image)
        _check_frames(image)
        return np.array(_to_rgb(ImageOps.exif_transpose(image)))


def _check_size(image: Image.Image) -> None:
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        raise ValueError(
            f'the image has {image.width} x {image.height} pixels, and more '
            f'than {limit} are refused (PIL.Image.MAX_IMAGE_PIXELS): crop it '
            'to the person')


def _check_frames(image: Image.Image) -> None:
    if image.format != _PHOTO_WITH_EXTRAS and getattr(image, 'is_animated',
                                                      False):
        raise ValueError(
            f'this {image.format} has {getattr(image, "n_frames")} frames: '
            'save the one that is meant')


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == 'RGB':
        return image
    if image.mode == 'F':
        raise ValueError('pixels are floating point numbers, of which nobody '
                         'knows what white is: save the image with 8 bits')
    if image.mode.startswith('I'):
        return _from_16_bits(image)
    if image.has_transparency_data:
        background = Image.new('RGBA', image.size, _BACKGROUND)
        image = Image.alpha_composite(background, image.convert('RGBA'))
    return image.convert('RGB')


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Pillow itself would cut everything above 255 off, to white."""
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 0xffff:
        raise ValueError('pixels are whole numbers of 32 bits, of which '
                         'nobody knows what white is: save the image with 8')
    grey = Image.fromarray((pixels >> 8).astype(np.uint8))
    return grey.convert('RGB')
