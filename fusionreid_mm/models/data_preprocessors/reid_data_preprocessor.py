from typing import Optional

from mmengine.model import ImgDataPreprocessor
from timm.data.random_erasing import RandomErasing

from fusionreid_mm.registry import MODELS


@MODELS.register_module()
class ReIDDataPreprocessor(ImgDataPreprocessor):
    """MMEngine's image preprocessor (move, convert, normalise, stack), with
    random erasing after it in training.

    Erasing comes after normalisation because its noise has mean 0 and
    standard deviation 1 there, more than an 8-bit image can hold; timm's is
    the very one of the released code.

    Args:
        random_erasing (dict, optional): Arguments of
            :class:`timm.data.random_erasing.RandomErasing`. None erases
            nothing. Defaults to None.
        **kwargs: Arguments of :class:`mmengine.model.ImgDataPreprocessor`.
    """

    def __init__(self,
                 random_erasing: Optional[dict] = None,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.random_erasing = None
        if random_erasing is not None:
            self.random_erasing = RandomErasing(**random_erasing)

    def forward(self, data: dict, training: bool = False) -> dict:
        """As upstream: ``data`` holds ``inputs`` and ``data_samples``."""
        data = super().forward(data, training)
        if training and self.random_erasing is not None:
            self.random_erasing.device = self.device
            data['inputs'] = self.random_erasing(data['inputs'])
        return data
