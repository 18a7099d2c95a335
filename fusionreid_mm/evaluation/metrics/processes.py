from typing import Any, List

import torch
from mmengine.dist import all_gather, all_gather_object, is_main_process
from torch import Tensor

from ..functional import Processes


class DistributedProcesses(Processes):
    """All processes of a run by ``torch.distributed``, or the only one."""

    def __init__(self) -> None:
        self.is_main = is_main_process()

    def gather(self, item: Any) -> List[Any]:
        return all_gather_object(item)

    def gather_rows(self, rows: Tensor) -> Tensor:
        lengths = self.gather(len(rows))
        if len(lengths) == 1:
            return rows
        # Tensors that are gathered have one size.
        padded = rows.new_zeros(max(lengths), rows.size(1))
        padded[:len(rows)] = rows
        return torch.cat([
            part[:length] for part, length in zip(all_gather(padded), lengths)
        ])
