"""Whether data can be trained on and evaluated at all, told before the first
epoch instead of after the last."""
import io
from collections import defaultdict
from typing import Dict, Iterable, List, Set

from PIL import Image

from .base_reid_dataset import Annotations

_JPEG_START, _JPEG_END = b'\xff\xd8', b'\xff\xd9'
# Some writers leave a few bytes behind the end of a JPEG.
_TAIL_BYTES = 1024

_EXAMPLES = 3


class ProtocolError(ValueError):
    """The data does not allow what it is used for."""


def check_disjoint(train: Annotations, test: Annotations) -> None:
    """Refuse people who are in training and in testing.

    Distractors and junk, pid 0 and below, are nobody.
    """
    shared = sorted(set(train.pids) & set(test.pids) - {-1, 0})
    if shared:
        raise ProtocolError(
            f'{len(shared)} people are in the training and in the test '
            f'images, for example pid {_some(shared)}: the evaluation would '
            'measure how well they were learned by heart. Check data_root of '
            'both datasets.')


def queries_without_match(test: Annotations) -> List[int]:
    """The indices of queries of whom the gallery has no image by another
    camera, which evaluation leaves out."""
    gallery_cameras: Dict[int, Set] = defaultdict(set)
    for pid, camid, role in zip(test.pids, test.camids, test.roles):
        if role == 'gallery':
            gallery_cameras[pid].add(camid)
    return [
        index for index, (
            pid, camid,
            role) in enumerate(zip(test.pids, test.camids, test.roles))
        if role == 'query' and not gallery_cameras[pid] - {camid}
    ]


def check_queries(test: Annotations) -> None:
    """Refuse queries that nothing can be found for."""
    unmatched = queries_without_match(test)
    if not unmatched:
        return
    gallery_pids = {
        pid
        for pid, role in zip(test.pids, test.roles) if role == 'gallery'
    }
    absent = sum(test.pids[index] not in gallery_pids for index in unmatched)
    examples = _some(test.img_paths[index] for index in unmatched)
    raise ProtocolError(
        f'{len(unmatched)} of {test.roles.count("query")} queries have no '
        'gallery image of the same person by another camera: '
        f'{absent} are of people who are not in the gallery at all, '
        f'{len(unmatched) - absent} of people seen by their own camera only. '
        f'For example {examples}. Are query and gallery of the same dataset, '
        'is it extracted completely, and are the camera ids right? If the '
        "data is meant to be so, set unmatched_queries='warn' in "
        'ReIDProtocolHook: such queries are then left out of the metrics.')


def check_images(paths: Iterable[str]) -> None:
    """Refuse files that are no image, empty or cut off.

    A JPEG is only looked at from both ends, so that a large dataset takes
    seconds; anything doubtful is decoded.
    """
    unreadable = {}
    for path in paths:
        try:
            _check_image(path)
        except Exception as error:  # whatever a decoder raises
            unreadable[path] = error
    if unreadable:
        examples = '\n  '.join(
            f'{path}: {error}'
            for path, error in list(unreadable.items())[:10])
        raise ProtocolError(
            f'{len(unreadable)} images cannot be read:\n  {examples}\nExtract '
            'them again, or remove the files.')


def _check_image(path: str) -> None:
    with open(path, 'rb') as file:
        data = file.read()
    if not data:
        raise OSError('the file is empty')
    if data.startswith(_JPEG_START) and _JPEG_END in data[-_TAIL_BYTES:]:
        return
    with Image.open(io.BytesIO(data)) as image:
        image.load()


def _some(items: Iterable) -> str:
    return ', '.join(str(item) for item in list(items)[:_EXAMPLES])
