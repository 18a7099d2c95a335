from pathlib import Path
from typing import Iterator

from mmengine.logging import print_log

from fusionreid_mm.registry import DATASETS
from fusionreid_mm.sources import read_table
from .table_reid_dataset import Row, TableReIDDataset


@DATASETS.register_module()
class CSVReIDDataset(TableReIDDataset):
    """Data of one's own, listed in a CSV file, as in ::

        path,pid,role,camid
        images/0001.jpg,anna,train,north gate
        images/0002.jpg,berta,query,north gate
        images/0003.jpg,berta,gallery,

    ``role`` is ``train``, ``query``, ``gallery``, or ``test`` for both of the
    latter. ``camid`` and ``viewid`` may be left out, or be empty. Names are of
    any kind; see :class:`.TableReIDDataset` for how they are numbered.

    Args:
        data_root (str): The folder that paths in the file start from.
        split (str): As in :class:`BaseReIDDataset`.
        ann_file (str): The CSV file, below ``data_root`` or anywhere. Defaults
            to ``'images.csv'``.
        unknown_cameras (str): What to do with images without ``camid``:
            ``'different'`` takes each to be by a camera of its own, so that
            all other images of the person count in the evaluation;
            ``'error'`` refuses them. Defaults to ``'different'``.
        **kwargs: Other arguments of :class:`BaseReIDDataset`.

    Raises:
        FileNotFoundError: If the file is missing, or an image that it lists.
        ValueError: If ``unknown_cameras`` is neither word, or a line cannot be
            understood; the message names the line.
    """

    REQUIRED = ('path', 'pid', 'role')
    OPTIONAL = ('camid', 'viewid')
    _ADVICE = (
        'Where they are known, add camid and viewid; roles can be drawn '
        'by tools/dataset_converters/draw_reid_roles.py.')

    def __init__(self,
                 data_root: str,
                 split: str,
                 ann_file: str = 'images.csv',
                 unknown_cameras: str = 'different',
                 **kwargs) -> None:
        if unknown_cameras not in ('different', 'error'):
            raise ValueError("unknown_cameras must be 'different' or 'error': "
                             f'got {unknown_cameras!r}')
        self.unknown_cameras = unknown_cameras
        super().__init__(data_root, split, ann_file=ann_file, **kwargs)

    @property
    def pid_source(self) -> Path:
        return Path(self.ann_file)

    def read_rows(self) -> Iterator[Row]:
        lines = list(
            read_table(self.pid_source, self.REQUIRED, advice=self._ADVICE))
        for place, fields in lines:
            if not fields['path']:
                raise ValueError(f'{place}: there is no path')
            camera = fields.get('camid', '')
            if not camera and self.unknown_cameras == 'error':
                raise ValueError(f'{place}: there is no camid, which '
                                 "unknown_cameras='error' does not allow")
            yield Row(place, self.root / fields['path'], fields['pid'],
                      fields['role'], camera, fields.get('viewid', ''))
        others = {name for _, fields in lines for name in fields}
        others -= {*self.REQUIRED, *self.OPTIONAL}
        if others:
            print_log(
                f'{self.pid_source}: columns that are not read: '
                f'{sorted(others)}',
                logger='current')
