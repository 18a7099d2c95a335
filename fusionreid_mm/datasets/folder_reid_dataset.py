from pathlib import Path
from typing import Iterator

from fusionreid_mm.registry import DATASETS
from fusionreid_mm.sources import is_image
from .base_reid_dataset import ROLES
from .table_reid_dataset import Row, TableReIDDataset


@DATASETS.register_module()
class FolderReIDDataset(TableReIDDataset):
    """Data of one's own in folders ``<role>/<person>/``, with images of any
    name in them.

    A role is ``train``, ``query``, ``gallery``, or ``test`` for both of the
    latter. Persons have names of any kind; see :class:`.TableReIDDataset` for
    how they are numbered. No camera is known: all images of the person count
    in the evaluation. If cameras are known, list the images in a CSV file
    instead.
    """

    LANDMARKS = tuple(ROLES)

    def find_root(self) -> Path:
        try:
            return super().find_root()
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{error} If there is a folder for each person, but none for '
                'the roles, draw roles by '
                'tools/dataset_converters/draw_reid_roles.py.') from error

    def read_rows(self) -> Iterator[Row]:
        for role in ROLES:
            folder = self.root / role
            for path in filter(is_image, sorted(folder.rglob('*'))):
                person, *below = path.relative_to(folder).parts
                if not below:
                    raise ValueError(
                        f'{path.absolute()} lies in no person\'s folder: '
                        f'expected {role}/<person>/{path.name}')
                yield Row(str(path.absolute()), path, person, role)
