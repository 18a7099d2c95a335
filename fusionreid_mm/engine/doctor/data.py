"""Whether the images can be read, and whether splits share any."""
import hashlib
import os
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set

from torch.utils.data import DataLoader

from fusionreid_mm.datasets import RandomIdentitySampler
from fusionreid_mm.datasets.base_reid_dataset import (Annotations,
                                                      BaseReIDDataset,
                                                      collect_annotations,
                                                      readers_of)
from fusionreid_mm.sources import decode_image
from .finding import Finding, ok, problem, warning

_SHOWN = 10


def check_data(loaders: Sequence[DataLoader],
               num_images: Optional[int]) -> Iterator[Finding]:
    """Numbers of images, files that cannot be decoded, files that are there
    twice, and people with few images.

    Args:
        loaders (Sequence[DataLoader]): Those of the config.
        num_images (int, optional): Images to decode of each dataset, spread
            over it. None is all.
    """
    readers = _different_readers(loaders)
    annotations = [collect_annotations(reader) for reader in readers]
    for reader, own in zip(readers, annotations):
        yield from _count(reader, own)
        yield _check_images(reader, own, num_images)
    yield from _check_duplicates(annotations)
    for loader in loaders:
        yield from _check_instances(loader)


def _different_readers(loaders: Sequence[DataLoader]) -> List[BaseReIDDataset]:
    """One for each split of each dataset: validation and test are mostly the
    same."""
    readers = {
        (reader.pid_source, reader.split): reader
        for loader in loaders
        for reader in readers_of(loader.dataset)
    }
    return list(readers.values())


def _count(reader: BaseReIDDataset, own: Annotations) -> Iterator[Finding]:
    for role in dict.fromkeys(own.roles):
        rows = [i for i, other in enumerate(own.roles) if other == role]
        people = {own.pids[i] for i in rows}
        cameras = {own.camids[i] for i in rows} - {None}
        yield ok(
            'data', f'{reader.name}, {role}: {len(rows)} images of '
            f'{len(people)} people by {len(cameras)} cameras')


def _check_images(reader: BaseReIDDataset, own: Annotations,
                  number: Optional[int]) -> Finding:
    paths = own.img_paths
    if number is not None:
        paths = paths[::max(1, len(paths) // max(1, number))][:number]
    errors = _in_threads(_error_of, paths)
    bad = [f'{path}: {error}' for path, error in zip(paths, errors) if error]
    text = f'{reader.name}, {reader.split}: {len(paths)} images decoded'
    if not bad:
        return ok('images', text)
    report = problem if reader.on_bad_image == 'raise' else warning
    return report(
        'images',
        '\n'.join([f'{text}, {len(bad)} of them in vain:'] + bad[:_SHOWN]),
        "Extract them again, remove the files, or set on_bad_image='skip' of "
        'the dataset. --images all decodes all of them.')


def _error_of(path: str) -> Optional[str]:
    try:
        with open(path, 'rb') as file:
            decode_image(file.read())
    except Exception as error:  # whatever a decoder raises
        return str(error) or type(error).__name__
    return None


def _check_duplicates(annotations: Sequence[Annotations]) -> Iterator[Finding]:
    """Files of equal content in different roles."""
    roles: Dict[str, Set[str]] = defaultdict(set)
    for own in annotations:
        for path, role in zip(own.img_paths, own.roles):
            roles[path].add(role)
    alike = _equal_files(list(roles))
    shared: Dict[str, List[List[str]]] = defaultdict(list)
    for paths in alike:
        kinds = set().union(*(roles[path] for path in paths))
        if len({frozenset(roles[path]) for path in paths}) > 1:
            shared['train' if 'train' in kinds else 'test'].append(paths)
    if not shared:
        yield ok('duplicates', f'none among the {len(roles)} files of '
                 'different splits')
    for kind, groups in shared.items():
        report, what = (problem,
                        'in training and in testing') if kind == 'train' else (
                            warning, 'among query and gallery')
        yield report(
            'duplicates',
            '\n'.join([f'{len(groups)} images are there twice, {what}:'] +
                      [' = '.join(sorted(paths))
                       for paths in groups[:_SHOWN]]),
            'Remove one of each: what was learned by heart, or is compared '
            'with itself, says nothing.')


def _equal_files(paths: List[str]) -> List[List[str]]:
    """Groups of files of the same content; files of a size of their own are
    not read."""
    by_size = _group(paths, _in_threads(_size_of, paths))
    candidates = [path for group in by_size for path in group]
    return _group(candidates, _in_threads(_digest_of, candidates))


def _group(paths: Sequence[str], keys: Sequence[Any]) -> List[List[str]]:
    groups: Dict[Any, List[str]] = defaultdict(list)
    for path, key in zip(paths, keys):
        groups[key].append(path)
    return [
        group for key, group in groups.items()
        if key is not None and len(group) > 1
    ]


def _size_of(path: str) -> Optional[int]:
    # Missing and empty files are the business of another check.
    return os.path.getsize(path) or None if os.path.exists(path) else None


def _digest_of(path: str) -> bytes:
    with open(path, 'rb') as file:
        return hashlib.blake2b(file.read()).digest()


def _in_threads(function: Callable[[str], Any], paths: Sequence[str]) -> list:
    """Pillow and hashlib work outside of Python's lock."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, paths))


def _check_instances(loader: DataLoader) -> Iterator[Finding]:
    sampler = loader.sampler
    if not isinstance(sampler, RandomIdentitySampler):
        return
    numbers = Counter(collect_annotations(loader.dataset).pids).values()
    few = sum(number < sampler.num_instances for number in numbers)
    text = (f'{few} of {len(numbers)} people have fewer than '
            f'num_instances={sampler.num_instances} images')
    if 2 * few > len(numbers):
        yield warning(
            'batches', text, 'They are drawn several times in a '
            'batch. Lower train_dataloader.sampler.num_instances.')
    else:
        yield ok('batches', text)
