from itertools import islice
from typing import Dict, Iterator, Optional

from fusionreid_mm.registry import DATASETS
from .base_reid_dataset import AnyImage, Counts
from .market1501 import Market1501


def _with_distractors(number: int) -> Dict[str, Counts]:
    gallery = Market1501.COUNTS['gallery']
    return dict(
        Market1501.COUNTS,
        gallery=gallery._replace(images=gallery.images + number))


@DATASETS.register_module()
class Market1501Plus500k(Market1501):
    """Market-1501 with up to 500,000 more images in its gallery.

    They lie in ``images`` beside the folders of Market-1501. None of them
    shows anybody who is looked for, so all get pid 0, whatever number their
    name has; junk, of pid -1, is left out as in Market-1501. Where a name
    tells no camera, the camera is not known.

    Source: "Scalable Person Re-identification: A Benchmark" (ICCV 2015).

    Args:
        data_root (str): As in :class:`BaseReIDDataset`.
        split (str): Likewise.
        num_distractors (int, optional): How many of the images to take, the
            first ones by name, to see how results fall as a gallery grows.
            Defaults to None, all.
        **kwargs: Other arguments of :class:`BaseReIDDataset`.

    Raises:
        ValueError: If ``num_distractors`` is negative.
    """

    DISTRACTORS = 'images'
    DISTRACTOR_PID = 0
    LANDMARKS = (*Market1501.LANDMARKS, DISTRACTORS)
    COUNTS = _with_distractors(500_000)

    def __init__(self,
                 data_root: str,
                 split: str,
                 num_distractors: Optional[int] = None,
                 **kwargs) -> None:
        if num_distractors is not None and num_distractors < 0:
            raise ValueError('num_distractors must not be negative: got '
                             f'{num_distractors}')
        self.num_distractors = num_distractors
        if num_distractors is not None:
            self.COUNTS = _with_distractors(num_distractors)
        super().__init__(data_root, split, **kwargs)

    def list_images(self, role: str) -> Iterator[AnyImage]:
        yield from super().list_images(role)
        if role == 'gallery':
            yield from islice(self._distractors(), self.num_distractors)

    def _distractors(self) -> Iterator[AnyImage]:
        for path in self.image_files(self.DISTRACTORS, 'distractor'):
            pid, camid = self._match_name(path) or (self.DISTRACTOR_PID, None)
            if pid != self.JUNK_PID:
                yield path, self.DISTRACTOR_PID, camid
