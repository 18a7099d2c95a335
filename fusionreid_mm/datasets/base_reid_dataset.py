import json
import logging
from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import (Any, Dict, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple, Union)

import numpy as np
from mmengine.dataset import (BaseDataset, ClassBalancedDataset, ConcatDataset,
                              RepeatDataset)
from mmengine.logging import print_log

from fusionreid_mm.sources import UnreadableImageError

#: The roles of a split, in the order in which the images are listed.
ROLES = {
    'train': ('train', ),
    'test': ('query', 'gallery'),
    'query': ('query', ),
    'gallery': ('gallery', ),
}

_COUNTED_ROLES = {'train', 'query', 'gallery'}

#: A dataset of one's own may state its counts in this file, in the form
#: ``{"counts": {"train": {"pids": 10, "images": 80}, "query": ...}}``.
INFO_FILE = 'dataset_info.json'


class Counts(NamedTuple):
    """How many people and images a role has."""
    pids: int
    images: int


class ReIDImage(NamedTuple):
    """What a dataset says of one image.

    Attributes:
        img_path: Where it lies.
        pid: Who it shows.
        camid: Who took it, counted from 0. None if nobody knows: then it is
            taken to be another camera than all others.
        viewid: The side from which it was taken, counted from 0. None if
            nobody knows.
    """
    img_path: Union[str, Path]
    pid: int
    camid: Optional[int] = None
    viewid: Optional[int] = None


#: A plain tuple is enough where there are no views.
AnyImage = Union[ReIDImage, Tuple[Union[str, Path], int, Optional[int]]]


class BaseReIDDataset(BaseDataset):
    """Images of people, each with person id, camera id and role.

    A dataset is a subclass with one method, :meth:`list_images`, and what is
    published of it as class attributes. Training images get a ``label``, the
    index of their pid among the sorted ones, so that it does not depend on
    the order of files.

    Args:
        data_root (str): The dataset's folder, or one that holds it under one
            of :attr:`FOLDER_NAMES`.
        split (str): ``'train'``; ``'test'``, which is query and gallery; or
            one of the latter alone.
        pipeline (Sequence[dict]): Transforms of each image.
        strict_counts (bool): Whether numbers of people and images other than
            the published ones are an error instead of a warning. Defaults to
            False.
        name (str, optional): What the dataset is called where several are
            tested together. Defaults to None, the name of the class.
        on_bad_image (str): What an image that cannot be read does:
            ``'raise'`` an error that names it, or ``'skip'``. In training
            another image of the same person then takes its place, the next
            one that can be read, or if there is none, one of the next person.
            In testing a black image does, which ReIDMetric leaves out. Either
            has the error as ``in_place_of``, and BadImageHook tells of them.
            Defaults to ``'raise'``.
        **kwargs: Other arguments of :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: If a folder or file list is missing; the message
            says where it was looked for.
        ValueError: If ``split`` or ``on_bad_image`` is unknown, a file name
            does not parse, or counts differ and ``strict_counts`` is set.
    """

    #: Names under which ``data_root`` may hold the dataset.
    FOLDER_NAMES: Tuple[str, ...] = ()
    #: What must lie in the dataset's folder for it to be recognised.
    LANDMARKS: Tuple[str, ...] = ()
    #: The published numbers by role.
    COUNTS: Dict[str, Counts] = {}
    #: Whether test ids count from 0 again, so that the same number is another
    #: person in training and in testing.
    PIDS_RESTART = False

    def __init__(self,
                 data_root: str,
                 split: str,
                 pipeline: Sequence[dict] = (),
                 strict_counts: bool = False,
                 name: Optional[str] = None,
                 on_bad_image: str = 'raise',
                 **kwargs) -> None:
        if split not in ROLES:
            raise ValueError(f'split must be one of {sorted(ROLES)}: got '
                             f'{split!r}')
        if on_bad_image not in ('raise', 'skip'):
            raise ValueError("on_bad_image must be 'raise' or 'skip': got "
                             f'{on_bad_image!r}')
        self.split = split
        self.strict_counts = strict_counts
        self.on_bad_image = on_bad_image
        self.name = name or type(self).__name__
        kwargs.setdefault('test_mode', split != 'train')
        super().__init__(data_root=data_root, pipeline=pipeline, **kwargs)

    @abstractmethod
    def list_images(self, role: str) -> Iterator[AnyImage]:
        """Yield ``(img_path, pid, camid)`` for each image of a role, in an
        order that is always the same. ``camid`` counts from 0, or is None; a
        dataset that knows views, too, yields :class:`ReIDImage`."""

    @property
    def pid_source(self) -> Path:
        """What gives pids their meaning: in two datasets of one source, the
        same pid is the same person."""
        return self.root

    def prepare_data(self, idx: int) -> Any:
        """As upstream, or what takes the place of a bad image."""
        try:
            return super().prepare_data(idx)
        except UnreadableImageError as error:
            if self.on_bad_image == 'raise':
                raise
            if self.test_mode:
                black = np.zeros((2, 1, 3), np.uint8)
                return self._prepare_instead(idx, error, img=black)
            return self._prepare_another(idx, error)

    def _prepare_another(self, idx: int, error: UnreadableImageError) -> Any:
        # Nothing is drawn or remembered, so that a resumed run does the same.
        for other in self._next_images(idx):
            try:
                return self._prepare_instead(other, error)
            except UnreadableImageError:
                continue
        raise error

    def _prepare_instead(self, idx: int, error: UnreadableImageError,
                         **known: Any) -> Any:
        info = self.get_data_info(idx)
        return self.pipeline(dict(info, in_place_of=str(error), **known))

    def _next_images(self, idx: int) -> List[int]:
        """All other images: those of the same person first, then those of the
        next ones; in order from this one on, and round again."""
        by_pid = np.argsort(self._pids, kind='stable')
        start, end = np.searchsorted(self._pids[by_pid],
                                     self._pids[idx] + np.array([0, 1]))
        own = by_pid[start:end]
        place = np.searchsorted(own, idx)
        order = own[place + 1:], own[:place], by_pid[end:], by_pid[:start]
        return np.concatenate(order).tolist()

    @cached_property
    def _pids(self) -> np.ndarray:
        return np.array(
            [self.get_data_info(i)['pid'] for i in range(len(self))])

    def load_data_list(self) -> List[dict]:
        self.root = self.find_root()
        data_list: List[Dict[str, Any]] = [
            dict(_data_info(ReIDImage(*image), role), dataset=self.name)
            for role in ROLES[self.split] for image in self.list_images(role)
        ]
        self._check_counts(data_list)
        if self.split == 'train':
            pids = sorted({item['pid'] for item in data_list})
            labels = {pid: label for label, pid in enumerate(pids)}
            for item in data_list:
                item['label'] = labels[item['pid']]
        return data_list

    def find_root(self) -> Path:
        """The folder that holds the landmarks, all of them if there is one:
        ``data_root`` or one of :attr:`FOLDER_NAMES` in it."""
        base = Path(self.data_root)
        candidates = [base, *(base / name for name in self.FOLDER_NAMES)]
        for enough in (all, any):
            for candidate in candidates:
                if enough(
                    (candidate / mark).exists() for mark in self.LANDMARKS):
                    return candidate
        looked = '\n  '.join(str(path.absolute()) for path in candidates)
        raise FileNotFoundError(
            f'{type(self).__name__} was not found: none of these folders '
            f'holds {" or ".join(self.LANDMARKS)}:\n  {looked}\n'
            'Put the dataset there, or set data_root to its folder.')

    def _check_counts(self, data_list: List[dict]) -> None:
        expected, source = self._expected_counts()
        differing = []
        for role in ROLES[self.split]:
            items = [item for item in data_list if item['split'] == role]
            if not items:
                raise FileNotFoundError(
                    f'{type(self).__name__}: no {role} images in {self.root}. '
                    'Is the dataset extracted completely?')
            found = Counts(len({item['pid'] for item in items}), len(items))
            if role in expected and found != expected[role]:
                differing.append(
                    f'{role}: {found.images} images of {found.pids} people '
                    f'instead of {expected[role].images} of '
                    f'{expected[role].pids}')
        if not differing:
            return
        message = (f'{self.root} does not hold what {source} says of '
                   f'{type(self).__name__}:\n  ' + '\n  '.join(differing) +
                   '\nIs it extracted completely, and nothing else with it?')
        if self.strict_counts:
            raise ValueError(
                f'{message} If this is data of your own, set '
                f'strict_counts=False, or state its counts in {INFO_FILE}.')
        print_log(message, logger='current', level=logging.WARNING)

    def _expected_counts(self) -> Tuple[Dict[str, Counts], str]:
        """By role, and who says so: the dataset itself, or its authors."""
        info_file = self.root / INFO_FILE
        if not info_file.exists():
            return self.COUNTS, 'the publication'
        try:
            info = json.loads(info_file.read_text(encoding='utf-8'))
            counts = {
                role: Counts(int(count['pids']), int(count['images']))
                for role, count in info['counts'].items()
            }
            if not set(counts) <= _COUNTED_ROLES:
                raise KeyError(*sorted(set(counts) - _COUNTED_ROLES))
            return counts, str(info_file)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f'{info_file} is not in the expected form, {{"counts": '
                '{"train": {"pids": 10, "images": 80}, ...}}: '
                f'{error!r}') from error


def _data_info(image: ReIDImage, role: str) -> Dict[str, Any]:
    """What is known of an image."""
    info = dict(image._asdict(), img_path=str(image.img_path), split=role)
    return {key: value for key, value in info.items() if value is not None}


class Annotations(NamedTuple):
    """What a whole dataset says of its images, column by column."""
    pids: List[int]
    camids: List[Optional[int]]
    roles: List[str]
    img_paths: List[str]
    labels: List[Optional[int]]
    viewids: List[Optional[int]]


def collect_annotations(dataset: BaseDataset) -> Annotations:
    """The annotations of any ReID dataset, wrapped ones included."""
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    return Annotations(
        pids=[info['pid'] for info in infos],
        camids=[info.get('camid') for info in infos],
        roles=[info['split'] for info in infos],
        img_paths=[info['img_path'] for info in infos],
        labels=[info.get('label') for info in infos],
        viewids=[info.get('viewid') for info in infos])


def collect_by_name(dataset: BaseDataset) -> Dict[str, Annotations]:
    """The annotations of each of the datasets that are tested together.

    Raises:
        ValueError: If two different ones have one name.
    """
    parts: Dict[str, List[BaseReIDDataset]] = {}
    for reader in readers_of(dataset):
        parts.setdefault(reader.name, []).append(reader)
    for name, (first, *others) in parts.items():
        for other in others:
            if first.pid_source.resolve() != other.pid_source.resolve():
                raise ValueError(
                    f'{first.pid_source} and {other.pid_source} are tested '
                    f'together, and both are called {name!r}: set name= of '
                    'the one or the other')
    return {
        name:
        Annotations(*(sum(columns, [])
                      for columns in zip(*map(collect_annotations, readers))))
        for name, readers in parts.items()
    }


def readers_of(dataset: BaseDataset) -> List[BaseReIDDataset]:
    """The readers below MMEngine's dataset wrappers."""
    if isinstance(dataset, ConcatDataset):
        return [
            reader for part in dataset.datasets for reader in readers_of(part)
        ]
    if isinstance(dataset, (ClassBalancedDataset, RepeatDataset)):
        return readers_of(dataset.dataset)
    return [dataset]
