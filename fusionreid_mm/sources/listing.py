import glob
import os
from pathlib import Path
from typing import Any, Iterable, Iterator, List, Optional, Union

from .boxes import COLUMNS, list_boxes, list_boxes_of_videos
from .cameras import with_cameras
from .fields import read_camid, read_time
from .image_files import is_image
from .person_image import PersonImage
from .table import columns_of, read_table
from .video import is_crop, is_video, split_crop_name

_PathLike = Union[str, 'os.PathLike[str]']


def list_images(source: Union[_PathLike, PersonImage, Iterable],
                boxes: Optional[_PathLike] = None,
                camera_pattern: Optional[str] = None) -> List[PersonImage]:
    """The images of people in a source.

    - An image file: itself.
    - A crop of a video, named as in :class:`.PersonImage`: itself.
    - A folder: the image files in it and in those below, by name, without
      hidden ones.
    - A glob, ``'a/**/*.jpg'``: the image files of such names, by name.
    - A CSV file with the column image: its lines, in their order. The columns
      camid (from 0) and time (in seconds) may follow, and be empty; paths
      start from the folder of the file.
    - A CSV file with the columns video, frame, x, y, width and height: crops
      of videos, as of :func:`.list_boxes`.
    - A video: its crops, by ``boxes``, or by a CSV file of the same name
      beside it.
    - A URL: itself.
    - A list of these: the images of each.

    No image is read.

    Args:
        source: As above.
        boxes (str | PathLike, optional): A CSV file with the columns frame, x,
            y, width and height, where the source is a video.
        camera_pattern (str, optional): A regular expression that finds the
            number of the camera, counted from 1, in names, as ``r'_c(\\d+)'``:
            see :func:`.with_cameras`.

    Returns:
        List[PersonImage]: At least one.

    Raises:
        FileNotFoundError: If there is no such file, or none that a table
            lists.
        PermissionError: If a folder may not be read.
        ValueError: If there are no images, or a table or the pattern cannot be
            understood.
    """
    if boxes is not None:
        images = list(_of_video(source, Path(boxes)))
    else:
        images = list(_images_of(source))
    if not images:
        raise ValueError(f'there are no images in {_shown(source)}')
    if camera_pattern is not None:
        images = with_cameras(images, camera_pattern)
    return images


def _images_of(source: Any) -> Iterator[PersonImage]:
    if isinstance(source, PersonImage):
        yield source
    elif isinstance(source, (str, os.PathLike)):
        yield from _images_at(os.fspath(source))
    elif isinstance(source, Iterable):
        for part in source:
            yield from _images_of(part)
    else:
        raise TypeError('images must be given as paths, PersonImages or lists '
                        f'of them: got {_shown(source)}')


def _images_at(name: str) -> Iterator[PersonImage]:
    if not name:
        # It would be the current folder.
        raise ValueError("an empty name '' is no image: is a variable unset?")
    path = Path(name)
    if '://' in name:
        yield PersonImage(name)
    elif path.is_dir():
        yield from map(_image, sorted(_files_below(path)))
    elif path.is_file():
        yield from _of_file(name, path)
    elif is_crop(name):
        video, _, _ = split_crop_name(name)
        if not Path(video).is_file():
            raise FileNotFoundError(f'{name!r}: there is no video {video!r}')
        yield PersonImage(name)
    elif glob.has_magic(name):
        files = map(Path, glob.glob(name, recursive=True))
        yield from map(_image, sorted(filter(_is_image_file, files)))
    else:
        raise FileNotFoundError(f'there is no file or folder {name!r}')


def _of_file(name: str, path: Path) -> Iterator[PersonImage]:
    if path.suffix.lower() == '.csv':
        yield from _of_table(path)
    elif is_video(path):
        yield from _of_video(name, path.with_suffix('.csv'))
    else:
        yield PersonImage(name)


def _of_video(source: Any, boxes: Path) -> Iterator[PersonImage]:
    if not isinstance(source, (str, os.PathLike)) \
            or not is_video(Path(source)):
        raise ValueError('boxes belong to a video, which the source must be: '
                         f'got {_shown(source)}')
    if not Path(source).is_file():
        raise FileNotFoundError(f'there is no video {os.fspath(source)!r}')
    if not boxes.is_file():
        raise FileNotFoundError(
            f'for the video {os.fspath(source)!r} there is no table of boxes '
            f'{str(boxes)!r}: a CSV file with the columns '
            f'{", ".join(COLUMNS)}')
    yield from list_boxes(os.fspath(source), boxes)


def _of_table(path: Path) -> Iterator[PersonImage]:
    columns = columns_of(path)
    if 'video' in columns:
        yield from list_boxes_of_videos(path)
    elif 'image' not in columns and set(COLUMNS) <= set(columns):
        raise ValueError(
            f'{path.absolute()} lists boxes without a column video: add it, '
            'or give the video, and this file as its boxes')
    else:
        yield from _of_image_table(path)


def _of_image_table(path: Path) -> Iterator[PersonImage]:
    for place, fields in read_table(path, ('image', )):
        name = fields['image']
        if not name:
            raise ValueError(f'{place}: there is no image')
        if '://' not in name:
            name = str(path.parent / name)
            file = split_crop_name(name)[0] if is_crop(name) else name
            if not Path(file).is_file():
                raise FileNotFoundError(f'{place}: there is no file {file!r}')
        yield PersonImage(name, read_camid(place, fields),
                          read_time(place, fields))


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=_refuse_folder):
        folders[:] = [name for name in folders if not name.startswith('.')]
        yield from filter(is_image, (Path(parent, name) for name in files))


def _refuse_folder(error: OSError) -> None:
    """Instead of going past a folder that may not be read."""
    raise error


def _is_image_file(path: Path) -> bool:
    return is_image(path) and path.is_file()


def _image(path: Path) -> PersonImage:
    return PersonImage(str(path))


def _shown(source: Any) -> str:
    text = repr(source)
    return text if len(text) < 200 else f'{text[:200]}...'
