from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fusionreid_mm.registry import MODELS
from .everyones_rows import everyones_rows
from .full_precision import full_precision


@MODELS.register_module()
class BatchHardTripletLoss(nn.Module):
    """Triplet loss with the hardest positive and negative of the batch.

    Each image is an anchor once. Its hardest positive is the farthest image
    of the same person (the anchor itself, if there is no other), its hardest
    negative the nearest image of anybody else, both by Euclidean distance.
    Anchors without a negative are left out.

    Source: "In Defense of the Triplet Loss for Person Re-Identification"
    (arXiv 1703.07737), with the details of the released FusionReID code.

    Args:
        margin (float, optional): Demanded gap between the distances, in the
            units of the features. None is the soft margin, ``log(1 +
            exp(positive - negative))``. Defaults to None.
        hard_factor (float): Makes each triplet harder: positive distances
            grow, negative ones shrink by this fraction. Defaults to 0.
        gather (bool): Whether the batch is that of all processes together, of
            which each has equally many images, as if one process had it; else
            each looks for the hardest among its own. Defaults to False.

    Raises:
        ValueError: If ``margin`` is negative or ``hard_factor`` outside
            [0, 1).
    """

    def __init__(self,
                 margin: Optional[float] = None,
                 hard_factor: float = 0.,
                 gather: bool = False) -> None:
        super().__init__()
        if margin is not None and margin < 0:
            raise ValueError(
                f'margin must not be negative (None is the soft margin): got '
                f'{margin}')
        if not 0 <= hard_factor < 1:
            raise ValueError(
                f'hard_factor must be in [0, 1): got {hard_factor}')
        self.margin = margin
        self.hard_factor = hard_factor
        self.gather = gather

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """
        Args:
            embeddings (Tensor): (B, C), not normalised.
            labels (Tensor): (B, ), the class of each.

        Returns:
            Tensor: The mean loss over the anchors, a scalar.
        """
        embeddings = full_precision(embeddings)
        if self.gather:
            embeddings, labels = map(everyones_rows, (embeddings, labels))
        # In half precision the squares lose the digits that tell the images
        # of one person apart.
        with torch.autocast(embeddings.device.type, enabled=False):
            distances = euclidean_distances(embeddings)
        same = labels[:, None] == labels[None, :]
        has_negative = ~same.all(dim=1)
        if not has_negative.any():
            return embeddings.sum() * 0.

        positive = distances.masked_fill(~same, -torch.inf).max(dim=1).values
        negative = distances.masked_fill(same, torch.inf).min(dim=1).values
        gap = ((1 + self.hard_factor) * positive -
               (1 - self.hard_factor) * negative)[has_negative]

        if self.margin is None:
            # Above the threshold softplus is the identity: at 40 the
            # difference is below the precision of float64.
            return F.softplus(gap, threshold=40).mean()
        return F.relu(gap + self.margin).mean()


def euclidean_distances(features: Tensor) -> Tensor:
    """All pairwise distances of (B, C), (B, B); at least 1e-6, where the
    gradient of the root would be infinite."""
    squares = features.square().sum(dim=1)
    squared = squares[:, None] + squares[None, :] - 2 * features @ features.T
    return squared.clamp(min=1e-12).sqrt()
