from typing import Optional

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper as _AmpOptimWrapper
from mmengine.optim import OptimWrapper
from mmengine.optim.optimizer.amp_optimizer_wrapper import GradScaler

from fusionreid_mm.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(_AmpOptimWrapper):
    """MMEngine's mixed-precision wrapper, which also works without a GPU.

    Upstream refuses to be built there. On the CPU the forward pass runs in
    bfloat16, whose range needs no loss scaling, so the same config trains on
    both.

    Args:
        loss_scale (str | float | dict): As upstream; not used on the CPU.
        dtype (str | torch.dtype, optional): As upstream; on the CPU always
            bfloat16.
        **kwargs: Other arguments of the upstream class.
    """

    def __init__(self,
                 loss_scale='dynamic',
                 dtype: Optional[torch.dtype] = None,
                 **kwargs) -> None:
        if get_device() != 'cpu':
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            return
        kwargs.pop('use_fsdp', None)
        OptimWrapper.__init__(self, **kwargs)
        self._scale_update_param = None
        self.loss_scaler = GradScaler(enabled=False)
        self.cast_dtype = torch.bfloat16
