from mmengine.structures import BaseDataElement
from torch import Tensor


class ReIDDataSample(BaseDataElement):
    """What is known of one image of a person.

    Meta information, each where it is known:

    - ``pid`` (int): person id, as the dataset writes it. -1 is junk, 0 a
      distractor that matches nobody.
    - ``camid`` (int): camera id, counted from 0. Below 0 nobody knows the
      camera, but images of the same number are by the same one.
    - ``viewid`` (int): the side from which it is seen, counted from 0.
    - ``label`` (int): training class, counted from 0 by ascending pid.
    - ``split`` (str): the role, ``'train'``, ``'query'`` or ``'gallery'``.
    - ``dataset`` (str): what the dataset is called.
    - ``img_path`` (str): the image file.

    After ``model(..., mode='predict')`` it also holds ``feature`` (D,), the
    descriptor of the person, and as ``embedding_columns`` (Dict[str,
    Tuple[int, int]]) the columns of each embedding in it.

    Examples:
        >>> sample = ReIDDataSample(metainfo=dict(pid=2, camid=0, label=0))
        >>> sample.pid, 'camid' in sample, 'split' in sample
        (2, True, False)
    """

    @property
    def feature(self) -> Tensor:
        return self._feature

    @feature.setter
    def feature(self, value: Tensor) -> None:
        self.set_field(value, '_feature', dtype=Tensor)

    @feature.deleter
    def feature(self) -> None:
        del self._feature
