from typing import Optional

import torch
from mmengine.model import ImgDataPreprocessor
from torch import Tensor, nn

from fusionreid_mm.models import FusionReID
from ..manifest import Normalization


class DescriptorGraph(nn.Module):
    """What of a model is exported: from 8-bit images to descriptors.

    ::

        images (B, 3, H, W), uint8, as PackReIDInputs gives them
           │  order of colours, mean and standard deviation
        FusionReID.embed() ── camids (B, ), or None
           │
        MultiBranchReIDHead
           │
        descriptors (B, D), float32, not normalised

    The normalisation is a part of it, so that nobody who runs the exported
    file can normalise in another way.

    Args:
        model (FusionReID): The model, on the CPU.

    Raises:
        ValueError: If its data preprocessor does more than it.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, model: FusionReID) -> None:
        super().__init__()
        self.model = model
        self.normalization = normalization_of(model)
        for name in ('mean', 'std'):
            values = torch.tensor(getattr(self.normalization, name))
            self.register_buffer(name, values.view(-1, 1, 1))
        self.eval()

    def forward(self,
                images: Tensor,
                camids: Optional[Tensor] = None) -> Tensor:
        """
        Args:
            images (Tensor): (B, 3, H, W) of uint8.
            camids (Tensor, optional): (B, ) of int64; -1 is unknown.
        """
        if self.normalization.reverses_colors:
            images = images.flip(1)
        inputs = images.float()
        if self.normalization.mean:
            inputs = (inputs - self.mean) / self.std
        return self.model.head(self.model.embed(inputs, camids))


def normalization_of(model: FusionReID) -> Normalization:
    """What a model's data preprocessor does to colours.

    Raises:
        ValueError: If it does more than that.
    """
    preprocessor = model.data_preprocessor
    if not isinstance(preprocessor, ImgDataPreprocessor) or \
            preprocessor.pad_size_divisor != 1:
        raise ValueError(
            'only a data preprocessor that normalises can be exported, such '
            f'as ReIDDataPreprocessor: got {preprocessor}')
    has_mean = preprocessor._enable_normalize
    mean, std = (
        tuple(getattr(preprocessor, name).flatten().tolist()) if has_mean else
        () for name in ('mean', 'std'))
    return Normalization(preprocessor._channel_conversion, mean, std)


def num_cameras_of(model: FusionReID) -> int:
    """How many cameras a model is told apart, 0 if none.

    Raises:
        ValueError: If it is told views of objects as well, for which exported
            models have no input.
    """
    num_cameras = 0
    for branch in model.branches.values():
        if getattr(branch.backbone, 'uses_views', False):
            raise ValueError(
                'the model is told from which side an object is seen, for '
                'which exported models have no input: leave the cameras out '
                '(--without-cameras), and with them the views')
        if getattr(branch.backbone, 'uses_cameras', False):
            num_cameras = branch.backbone.num_cameras
    return num_cameras
