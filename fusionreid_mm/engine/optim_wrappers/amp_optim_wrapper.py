import logging
from contextlib import contextmanager
from typing import Any, Iterator, Union

import torch
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import AmpOptimWrapper as _AmpOptimWrapper
from mmengine.optim import OptimWrapper
from mmengine.optim.optimizer.amp_optimizer_wrapper import GradScaler
from mmengine.utils import digit_version
from torch import nn

from fusionreid_mm.registry import OPTIM_WRAPPERS

_DTYPES_OF_CPU = {
    None: torch.bfloat16,
    'bfloat16': torch.bfloat16,
    torch.bfloat16: torch.bfloat16,
    'float16': torch.float16,
    torch.float16: torch.float16,
}


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(_AmpOptimWrapper):
    """MMEngine's mixed-precision wrapper, which also works without a GPU.

    Upstream refuses to be built there. On the CPU the forward pass runs in
    bfloat16, so the same config trains on both, or in float16, where that is
    asked for.

    Args:
        loss_scale (str | float | dict): As upstream. On the CPU it is used
            with float16 only, since bfloat16 has the range of float32.
        dtype (str | torch.dtype, optional): ``'float16'`` or ``'bfloat16'``.
            None is float16 on a GPU and bfloat16 on the CPU. Defaults to None.
        **kwargs: Other arguments of the upstream class.

    Raises:
        TypeError: If ``loss_scale`` is neither a float, a dict nor
            ``'dynamic'``.
        ValueError: On the CPU, if ``dtype`` is another one, or float16 with a
            PyTorch that cannot scale losses there.
    """

    def __init__(self,
                 loss_scale: Union[str, float, dict] = 'dynamic',
                 dtype: Union[str, torch.dtype, None] = None,
                 **kwargs) -> None:
        if get_device() != 'cpu':
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            return
        kwargs.pop('use_fsdp', None)
        OptimWrapper.__init__(self, **kwargs)
        if dtype not in _DTYPES_OF_CPU:
            raise ValueError(
                'AmpOptimWrapper: on the CPU, dtype must be bfloat16 (or not '
                f'be given) or float16: got {dtype!r}')
        self.cast_dtype = _DTYPES_OF_CPU[dtype]
        options = _scaler_options(loss_scale)
        self._scale_update_param = None
        self.loss_scaler = GradScaler(enabled=False)
        if self.cast_dtype == torch.float16:
            self.loss_scaler = _scaler_of_cpu(options)
            if isinstance(loss_scale, float):
                self._scale_update_param = loss_scale

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """As upstream, whose autocast knows no float16 on the CPU."""
        if get_device() != 'cpu':
            with super().optim_context(model):
                yield
            return
        with OptimWrapper.optim_context(self, model), torch.autocast(
                'cpu', dtype=self.cast_dtype):
            yield

    def load_state_dict(self, state_dict: dict) -> None:
        """As upstream; a training that went on without scaled losses, as in
        bfloat16 on the CPU, leaves no scale to go on from."""
        if not state_dict.get('loss_scaler') and self.loss_scaler.is_enabled():
            state_dict.pop('loss_scaler', None)
            print_log(
                'The checkpoint holds no loss scale: that of the config is '
                'taken, as in a new training.',
                logger='current',
                level=logging.WARNING)
        super().load_state_dict(state_dict)


def _scaler_options(loss_scale: Union[str, float, dict]) -> dict:
    if loss_scale == 'dynamic':
        return {}
    if isinstance(loss_scale, float):
        return dict(init_scale=loss_scale)
    if isinstance(loss_scale, dict):
        return loss_scale
    raise TypeError('loss_scale must be a float, a dict or "dynamic": got '
                    f'{loss_scale!r}')


def _scaler_of_cpu(options: dict) -> Any:
    if digit_version(torch.__version__) < digit_version('2.3.0'):
        raise ValueError(
            "AmpOptimWrapper: dtype='float16' needs scaled losses, which "
            f'PyTorch has on the CPU from 2.3 on; this is {torch.__version__}:'
            " set dtype='bfloat16'")
    return torch.amp.GradScaler('cpu', **options)
