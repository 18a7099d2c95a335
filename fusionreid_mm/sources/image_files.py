from pathlib import Path

_IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'}


def is_image(path: Path) -> bool:
    """Whether a file is an image, by its name."""
    # macOS leaves a file ._0002_c1s1_000451_03.jpg beside each.
    is_hidden = path.name.startswith('.')
    return not is_hidden and path.suffix.lower() in _IMAGE_SUFFIXES
