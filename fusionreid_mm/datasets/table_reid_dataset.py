import logging
from abc import abstractmethod
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from mmengine.logging import print_log

from .base_reid_dataset import ROLES, BaseReIDDataset, ReIDImage


class Row(NamedTuple):
    """An image in a table: names as they are written, empty if not known.

    Attributes:
        place: Where this is written, for error messages.
        path: The image file.
        pid: Who it shows.
        role: A key of :data:`.base_reid_dataset.ROLES`.
        camera: Who took it.
        view: The side from which it was taken.
    """
    place: str
    path: Path
    pid: str
    role: str
    camera: str = ''
    view: str = ''


class TableReIDDataset(BaseReIDDataset):
    """People's own data, in which people, cameras and views have names.

    A name is any text. Names are numbered in order, shorter ones first (so 2
    comes before 10), over the whole table: a number means the same in each
    split, but not in another table. Pids count from 1, as 0 is nobody in this
    project; cameras and views from 0.

    An image may be for ``'test'``, which is query and gallery at once. It is
    never its own match: by protocol if its camera is known, and else because
    an image without a camera gets one of its own, a ``camid`` below 0 that no
    other image has. All other images of the person then count.

    Attributes:
        person_ids (Dict[str, int]): The pid of each name.
        camera_ids (Dict[str, int]): The camid of each name.
        view_ids (Dict[str, int]): The viewid of each name.
    """

    @abstractmethod
    def read_rows(self) -> Iterator[Row]:
        """Yield all images, of all roles, in an order that is always the
        same."""

    def load_data_list(self) -> List[dict]:
        self.root = self.find_root()
        self._rows = list(self.read_rows())
        _check_rows(self._rows)
        self.person_ids = _number((row.pid for row in self._rows), start=1)
        self.camera_ids = _number(row.camera for row in self._rows)
        self.view_ids = _number(row.view for row in self._rows)
        files = sorted({row.path for row in self._rows if not row.camera})
        self._own_cameras = {path: -1 - i for i, path in enumerate(files)}
        self._tell_unknown_cameras()
        return super().load_data_list()

    def list_images(self, role: str) -> Iterator[ReIDImage]:
        for row in self._rows:
            if role not in ROLES[row.role]:
                continue
            if not row.path.is_file():
                raise FileNotFoundError(
                    f'{row.place}: there is no file {row.path.absolute()}')
            yield ReIDImage(
                row.path, self.person_ids[row.pid],
                self.camera_ids.get(row.camera,
                                    self._own_cameras.get(row.path)),
                self.view_ids.get(row.view))

    def _tell_unknown_cameras(self) -> None:
        unknown = sum(not row.camera for row in self._rows)
        if unknown:
            print_log(
                f'{unknown} of {len(self._rows)} images in {self.pid_source} '
                'have no camera: each is taken to be by a camera of its own',
                logger='current',
                level=logging.WARNING if self.camera_ids else logging.INFO)


def _check_rows(rows: Iterable[Row]) -> None:
    """Refuse images without a name or a role, and contradictions."""
    by_role: Dict[Tuple[Path, str], Row] = {}
    by_path: Dict[Path, Row] = {}
    for row in rows:
        if not row.pid:
            raise ValueError(f'{row.place}: there is no pid')
        if row.role not in ROLES:
            raise ValueError(f'{row.place}: role must be one of '
                             f'{", ".join(ROLES)}, got {row.role!r}')
        other = by_path.setdefault(row.path, row)
        if (other.pid, other.camera) != (row.pid, row.camera):
            raise ValueError(
                f'{row.place}: {row.path} is of pid {row.pid!r} by camera '
                f'{row.camera!r} here, but of pid {other.pid!r} by camera '
                f'{other.camera!r} there: {other.place}')
        for role in ROLES[row.role]:
            other = by_role.setdefault((row.path, role), row)
            if other is not row:
                raise ValueError(f'{row.place}: {row.path} is a {role} image '
                                 f'already: {other.place}')


def _number(names: Iterable[str], start: int = 0) -> Dict[str, int]:
    """Number each name that is not empty."""
    ordered = sorted(set(names) - {''}, key=lambda name: (len(name), name))
    return {name: number for number, name in enumerate(ordered, start=start)}
