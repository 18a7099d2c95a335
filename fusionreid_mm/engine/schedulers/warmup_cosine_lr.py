import logging
import math
from typing import List

from mmengine.logging import print_log
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from fusionreid_mm.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class WarmupCosineLR(LRSchedulerMixin, _ParamScheduler):
    r"""The learning rate of the released FusionReID code, epoch by epoch.

    With epochs :math:`t` counted from 1 and the base rate :math:`\eta` of each
    parameter group:

    .. math::
        \eta_t = \begin{cases}
        \eta_w + (\eta - \eta_w)\, t / W & t < W \\
        \eta_{min} + \frac{1}{2} (\eta - \eta_{min})
        \left(1 + \cos(\pi t / T)\right) & W \le t < T \\
        \eta_{min} & t \ge T
        \end{cases}

    The cosine is not shifted by the warm-up, and :math:`\eta_w` and
    :math:`\eta_{min}` are absolute, the same for every group; MMEngine's
    ``LinearLR`` and ``CosineAnnealingLR`` can express neither.

    Source: ``solver/cosine_lr.py`` of the released code, after timm.

    Args:
        optimizer (OptimWrapper): The wrapped optimizer.
        T_max (int): Number of epochs, :math:`T`.
        warmup_epochs (int): :math:`W`, less than ``T_max``.
        warmup_start (float): :math:`\eta_w`. Defaults to 5e-5.
        eta_min (float): :math:`\eta_{min}`. Defaults to 1e-5.
        **kwargs: Other arguments of MMEngine's schedulers.

    Raises:
        ValueError: If ``warmup_epochs`` is not in [0, ``T_max``), or the
            schedule is not by epoch.
    """

    def __init__(self,
                 optimizer,
                 *args,
                 T_max: int,
                 warmup_epochs: int,
                 warmup_start: float = 5e-5,
                 eta_min: float = 1e-5,
                 **kwargs) -> None:
        if not 0 <= warmup_epochs < T_max:
            raise ValueError('warmup_epochs must be in [0, T_max): got '
                             f'{warmup_epochs} with T_max={T_max}')
        if not kwargs.get('by_epoch', True):
            raise ValueError('WarmupCosineLR goes by epoch: set by_epoch=True')
        end = kwargs.get('end', T_max)
        if end < T_max:
            print_log(
                f'The learning rate falls until epoch T_max={T_max}, but the '
                f'training ends after {end}: set param_scheduler.T_max={end} '
                'as well, if it shall come to its end.',
                logger='current',
                level=logging.WARNING)
        self.T_max = T_max
        self.warmup_epochs = warmup_epochs
        self.warmup_start = warmup_start
        self.eta_min = eta_min
        super().__init__(optimizer, *args, **kwargs)

    def _get_value(self) -> List[float]:
        return [
            self._value(self.last_step + 1, base) for base in self.base_values
        ]

    def _value(self, epoch: int, base: float) -> float:
        if epoch < self.warmup_epochs:
            step = (base - self.warmup_start) / self.warmup_epochs
            return self.warmup_start + epoch * step
        if epoch >= self.T_max:
            return self.eta_min
        cosine = math.cos(math.pi * epoch / self.T_max)
        return self.eta_min + 0.5 * (base - self.eta_min) * (1 + cosine)
