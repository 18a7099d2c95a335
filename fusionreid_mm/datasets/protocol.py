"""Whether data can be trained on and evaluated at all, told before the first
epoch instead of after the last."""
import os
from collections import defaultdict
from typing import Dict, Iterable, List, Set

from fusionreid_mm.sources import decode_image
from .base_reid_dataset import Annotations, BaseReIDDataset

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


def count_the_same_people(one: BaseReIDDataset,
                          other: BaseReIDDataset) -> bool:
    """Whether a pid is the same person in both: not if they are of different
    datasets, as in a test on another one than was trained on."""
    is_one_dataset = (
        isinstance(one, type(other)) or isinstance(other, type(one)))
    return (is_one_dataset and not one.PIDS_RESTART
            and one.pid_source.resolve() == other.pid_source.resolve())


def check_roles(test: Annotations) -> None:
    """Refuse a test set without queries or without a gallery."""
    for role in ('query', 'gallery'):
        if role not in test.roles:
            raise ProtocolError(
                f'there are no {role} images in the test data: evaluation '
                "needs a dataset with split='test'")


def queries_without_match(test: Annotations) -> List[int]:
    """The indices of queries of whom the gallery has no image by another
    camera, which evaluation leaves out."""
    gallery_cameras: Dict[int, Set] = defaultdict(set)
    for pid, camid, role in zip(test.pids, test.camids, test.roles):
        if role == 'gallery':
            gallery_cameras[pid].add(camid)
    unmatched = []
    for index, role in enumerate(test.roles):
        # A camera that nobody knows is taken to be another one.
        own_camera = {test.camids[index]} - {None}
        cameras = gallery_cameras[test.pids[index]] - own_camera
        if role == 'query' and not cameras:
            unmatched.append(index)
    return unmatched


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
            "them again, remove the files, or set on_bad_image='skip' of the "
            'dataset.')


def _check_image(path: str) -> None:
    with open(path, 'rb') as file:
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise OSError('the file is empty')
        if file.read(len(_JPEG_START)) == _JPEG_START:
            file.seek(max(0, size - _TAIL_BYTES))
            if _JPEG_END in file.read():
                return
        file.seek(0)
        decode_image(file.read())


def _some(items: Iterable) -> str:
    return ', '.join(str(item) for item in list(items)[:_EXAMPLES])
