import torch
from mmengine.dist import all_gather, get_dist_info
from torch import Tensor


def everyones_rows(rows: Tensor) -> Tensor:
    """The rows of all W processes, in the order of their ranks.

    Args:
        rows (Tensor): (B, ...), of one shape on all processes.

    Returns:
        Tensor: (W B, ...). The gradient reaches the rows of this process, and
        is W times as large: distributed training takes the mean over the
        processes, but each of them has a part of the images of one loss, and
        the gradient of that is a sum.
    """
    return _EveryonesRows.apply(rows)


class _EveryonesRows(torch.autograd.Function):

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        return torch.cat(all_gather(rows))

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        rank, world_size = get_dist_info()
        return world_size * gradient.chunk(world_size)[rank]
