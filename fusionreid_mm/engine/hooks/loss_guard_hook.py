import os.path as osp
from collections import deque
from math import isfinite
from statistics import median
from typing import (Any, Callable, Deque, Dict, List, NamedTuple, Optional,
                    Sequence)

import torch
from mmengine.dist import all_gather, all_gather_object, barrier
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from fusionreid_mm.registry import HOOKS
from ..bare_model import bare_model

_SHOWN_PARAMETERS = 5

# Losses do not explode below this, where the usual ones may be almost 0.
_HARMLESS = 1.


class BadLossError(RuntimeError):
    """Losses or gradients that no training can go on with."""


class _Batch(NamedTuple):
    """What a forward pass left behind.

    Attributes:
        losses: By their names.
        img_paths: The files of the images.
    """
    losses: Dict[str, Tensor]
    img_paths: List[str]


@HOOKS.register_module()
class LossGuardHook(Hook):
    """Stops a training whose numbers go wrong, before the weights do.

    A loss or a gradient that is not finite stops it at once, a loss that
    explodes after some iterations. The error names the iteration, the losses
    (and so the branch), the processes and their images. All processes stop
    together. The model is saved first, as it was before the iteration, under a
    name that ``--resume`` does not look for.

    Losses and gradients are looked at between the backward pass and the step
    of the optimizer, so that neither NaN gradients nor the statistics of a
    BatchNorm that saw NaN are kept. All that is needed is read from the GPU at
    once, the only wait of an iteration, at the place where gradient clipping
    and the loss scaling of mixed precision wait, too. A look after the forward
    pass would hold up the launch of the backward pass; one that does not wait
    comes when the weights are lost. Steps that loss scaling leaves out because
    of infinite gradients are its own business; a loss of NaN is not.

    Args:
        factor (float): A loss explodes if it is so many times the median of
            those before, and above 1. Defaults to 10.
        patience (int): And stays so for so many iterations. Defaults to 10.
        window (int): Iterations of which the median is taken; so many have to
            come first. Defaults to 100.

    Raises:
        ValueError: If ``factor`` is not above 1, or another one less than 1.
    """

    def __init__(self,
                 factor: float = 10.,
                 patience: int = 10,
                 window: int = 100) -> None:
        if factor <= 1 or patience < 1 or window < 1:
            raise ValueError(
                'factor must be above 1, patience and window at least 1: got '
                f'{factor}, {patience} and {window}')
        self.factor = factor
        self.patience = patience
        # The losses of each iteration, means of all processes.
        self._history: Deque[List[float]] = deque(maxlen=window)
        self._num_exploding = 0
        self._batch: Optional[_Batch] = None
        self._handles: List[Any] = []

    def before_train(self, runner: Runner) -> None:
        self._runner = runner
        model = bare_model(runner.model)
        self._names = {
            parameter: name
            for name, parameter in model.named_parameters()
        }
        self._buffers = [(buffer, buffer.clone())
                         for buffer in model.buffers()]
        self._handles = [
            model.register_forward_hook(self._keep_losses, with_kwargs=True)
        ]
        optimizer = getattr(runner.optim_wrapper, 'optimizer', None)
        # Others, such as DeepSpeed's, do not tell before they step.
        if isinstance(optimizer, torch.optim.Optimizer):
            self._handles.append(
                optimizer.register_step_pre_hook(self._before_step))

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        self._batch = None
        for buffer, copy in self._buffers:
            copy.copy_(buffer)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        # Without a step, while gradients are accumulated or when loss scaling
        # left it out, nobody has looked yet.
        self._check([])

    def after_train(self, runner: Runner) -> None:
        for handle in self._handles:
            handle.remove()

    @torch.compiler.disable
    def _keep_losses(self, model: nn.Module, args: tuple, kwargs: dict,
                     losses: Any) -> None:
        if not model.training or not isinstance(losses, dict):
            return
        samples = kwargs.get('data_samples') or ()
        self._batch = _Batch(
            # As BaseModel.parse_losses has it.
            {
                name: torch.as_tensor(loss).detach().float().mean()
                for name, loss in losses.items() if 'loss' in name
            },
            [sample.get('img_path', '(unknown)') for sample in samples])

    @torch.compiler.disable
    def _before_step(self, optimizer: torch.optim.Optimizer, args: tuple,
                     kwargs: dict) -> None:
        # A fused optimizer is called even if it is to leave the step out.
        is_scaled = getattr(optimizer, 'found_inf', None) is not None
        self._check([] if is_scaled else [
            parameter for group in optimizer.param_groups
            for parameter in group['params'] if parameter.grad is not None
        ])

    def _check(self, parameters: Sequence[nn.Parameter]) -> None:
        """Look at the losses of this iteration, on all processes, and at the
        gradients of some parameters."""
        if self._batch is None:
            return
        batch, self._batch = self._batch, None
        norms = _gradient_norms(parameters)
        losses = torch.stack(list(batch.losses.values()))
        norm = torch.stack([losses.new_zeros(()), *norms]).sum()
        # One row for each process, read at once.
        rows = torch.stack(all_gather(torch.cat([losses, norm[None]])))
        *columns, grad_norms = rows.T.tolist()
        by_name = dict(zip(batch.losses, columns))

        if not all(isfinite(value) for column in columns for value in column):
            bad = {
                name: values
                for name, values in by_name.items()
                if not all(map(isfinite, values))
            }
            self._stop(f'not finite: {_describe(bad)}', batch,
                       _ranks_where(lambda value: not isfinite(value), bad))
        if not all(map(isfinite, grad_norms)):
            names = _parameters_of(parameters, norms, self._names)
            self._stop(
                f'the losses are finite, but not the gradients of {names}',
                batch, range(len(rows)))
        self._watch(by_name, batch)

    def _watch(self, by_name: Dict[str, List[float]], batch: _Batch) -> None:
        """Stop if the losses have exploded."""
        means = [sum(values) / len(values) for values in by_name.values()]
        is_full = len(self._history) == self._history.maxlen
        usual_sum = median(map(sum, self._history)) if is_full else 0
        limit = max(self.factor * usual_sum, _HARMLESS)
        if not is_full or sum(means) <= limit:
            self._history.append(means)
            self._num_exploding = 0
            return
        self._num_exploding += 1
        if self._num_exploding < self.patience:
            return
        usual = [median(column) for column in zip(*self._history)]
        grown = {
            name: values
            for (name,
                 values), mean, before in zip(by_name.items(), means, usual)
            if mean > self.factor * before
        }
        totals = {'loss': [sum(values) for values in zip(*by_name.values())]}
        self._stop(
            f'exploded: {_describe(grown or totals)}; for {self.patience} '
            f'iterations the sum of all losses has been above {limit:.4g}, '
            f'{self.factor:g} times the median of the {len(self._history)} '
            'iterations before', batch,
            _ranks_where(lambda value: value > limit, totals))

    def _stop(self, what: str, batch: _Batch, ranks: Sequence[int]) -> None:
        """End the run, on all processes."""
        runner = self._runner
        for buffer, copy in self._buffers:
            buffer.copy_(copy)
        saved = self._save(runner)
        paths = all_gather_object(batch.img_paths)
        images = [
            f'\nImages of process {rank}:\n  ' + '\n  '.join(paths[rank])
            for rank in ranks
        ]
        raise BadLossError(
            f'epoch {runner.epoch + 1}, iteration {runner.iter + 1}: {what}. '
            f'{saved} Look at the images below, and try a lower learning '
            'rate, a longer warm-up, clip_grad of optim_wrapper, or no --amp.'
            + ''.join(images))

    def _save(self, runner: Runner) -> str:
        """Save what the iteration started from; says where."""
        name = f'before_bad_loss_iter_{runner.iter + 1}.pth'
        path = osp.join(runner.work_dir, name)
        try:
            runner.save_checkpoint(
                runner.work_dir,
                name,
                meta=dict(epoch=runner.epoch, iter=runner.iter))
            saved = (f'The model as it was before is in {path}, which '
                     '--resume does not take by itself.')
        # The loss is what the user must learn of.
        except Exception as error:
            saved = f'The model could not be saved as {path}: {error!r}.'
        # The launcher ends all processes when the first one has ended.
        barrier()
        return saved


def _gradient_norms(parameters: Sequence[nn.Parameter]) -> Sequence[Tensor]:
    """Of each parameter; by the kernel of torch's clip_grad_norm_, which would
    also change the gradients."""
    gradients: List[Any] = [parameter.grad for parameter in parameters]
    return torch._foreach_norm(gradients) if gradients else []


def _describe(losses: Dict[str, List[float]]) -> str:
    """The values, of each process if there are several."""
    return ', '.join(
        f'{name} = {" / ".join(format(value, ".4g") for value in values)}'
        for name, values in losses.items())


def _ranks_where(is_bad: Callable[[float], bool],
                 losses: Dict[str, List[float]]) -> List[int]:
    """The processes of which a loss is bad."""
    rows = zip(*losses.values())
    return [rank for rank, row in enumerate(rows) if any(map(is_bad, row))]


def _parameters_of(parameters: Sequence[nn.Parameter], norms: Sequence[Tensor],
                   names: Dict[nn.Parameter, str]) -> str:
    """The names of those whose gradients are not finite."""
    bad = [
        names.get(parameter, '(unknown)')
        for parameter, norm in zip(parameters, norms)
        if not isfinite(float(norm))
    ]
    more = len(bad) - _SHOWN_PARAMETERS
    return ', '.join(
        bad[:_SHOWN_PARAMETERS]) + (f' and {more} others' if more > 0 else '')
