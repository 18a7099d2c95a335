import os.path as osp
from collections import deque
from typing import Dict, List, Optional

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.hooks import CheckpointHook as _CheckpointHook
from mmengine.runner import EpochBasedTrainLoop, Runner

from fusionreid_mm.checkpoint_io import remove_leftovers
from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class CheckpointHook(_CheckpointHook):
    """MMEngine's, for runs that are killed at any moment and resumed as if
    they had not been.

    A checkpoint, also the best one and ``last_checkpoint``, is there whole or
    not at all, and an older one is removed only when the newer is whole::

        train epoch 3 -> write epoch_3 -> remove epoch_1
        validate      -> write best_3  -> remove best_2 -> write epoch_3 again

    The second writing of ``epoch_3`` is for what the validation found out. A
    run that goes on from the first makes up for the validation.

    Args:
        *args: Of :class:`mmengine.hooks.CheckpointHook`.
        **kwargs: Likewise.
    """

    last_ckpt: Optional[str]
    keep_ckpt_ids: deque

    # Of the checkpoint that is being written.
    _meta: Dict[str, int] = {}

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        # The FlexibleRunner of MMEngine 0.10 counts one too many after a
        # validation: a run that goes on would leave out an epoch.
        checkpoint['meta'].update(self._meta)

    def before_train(self, runner: Runner) -> None:
        super().before_train(runner)
        if is_main_process() and isinstance(self.file_backend, LocalBackend):
            remove_leftovers(self.out_dir)
        if self.max_keep_ckpts > 0:
            # One more while the newest is being written.
            self.keep_ckpt_ids = deque(self.keep_ckpt_ids)
        if runner.iter > 0:
            self._remember(runner)
            warn_of_gradients(runner)
            if _owes_validation(runner):
                runner.val_loop.run()

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        runner.message_hub.update_info('epoch_of_validation', runner.epoch)
        previous, last_ckpt = self._best_paths(), self.last_ckpt
        # Upstream removes the best before it writes a better one, and writes
        # the last one again before that.
        self._set_best_paths([None] * len(previous))
        self.last_ckpt = None
        super().after_val_epoch(runner, metrics)
        self.last_ckpt = last_ckpt
        better = self._best_paths()
        for old, new in zip(previous, better):
            if old and new and osp.basename(old) != osp.basename(new):
                self._remove(old)
        self._set_best_paths(
            [new or old for old, new in zip(previous, better)])
        step = runner.epoch if self.by_epoch else runner.iter
        is_of_now = last_ckpt is not None and osp.basename(
            last_ckpt) == self.filename_tmpl.format(step)
        if is_of_now or (last_ckpt is not None and any(better)):
            self._save_checkpoint_with_step(
                runner, step, meta=dict(epoch=runner.epoch, iter=runner.iter))

    def _save_checkpoint_with_step(self, runner: Runner, step: int,
                                   meta: dict) -> None:
        if self.max_keep_ckpts > 0:
            if step not in self.keep_ckpt_ids:
                self.keep_ckpt_ids.append(step)
            self._tell_kept(runner)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._meta = dict(meta)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args)
        self._meta = {}
        if is_main_process():
            get_file_backend(backend_args=dict(
                backend='atomic_local')).put_text(
                    self.last_ckpt, osp.join(runner.work_dir,
                                             'last_checkpoint'))
        if self.max_keep_ckpts > 0:
            while len(self.keep_ckpt_ids) > self.max_keep_ckpts:
                outdated = self.filename_tmpl.format(
                    self.keep_ckpt_ids.popleft())
                self._remove(
                    self.file_backend.join_path(self.out_dir, outdated))
            self._tell_kept(runner)

    def _tell_kept(self, runner: Runner) -> None:
        """What is there: upstream removes, before it goes on, those of them
        that are too many."""
        runner.message_hub.update_info('keep_ckpt_ids',
                                       list(self.keep_ckpt_ids))

    def _remove(self, path: str) -> None:
        if not is_main_process():
            return
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):
            # DeepSpeed's checkpoints are folders.
            self.file_backend.rmtree(path)

    def _best_paths(self) -> List[Optional[str]]:
        """The best checkpoint by each metric."""
        if not self.save_best:
            return []
        if len(self.key_indicators) == 1:
            return [self.best_ckpt_path]
        return [self.best_ckpt_path_dict[key] for key in self.key_indicators]

    def _set_best_paths(self, paths: List[Optional[str]]) -> None:
        if len(paths) == 1:
            self.best_ckpt_path = paths[0]
        elif paths:
            self.best_ckpt_path_dict = dict(zip(self.key_indicators, paths))

    def _remember(self, runner: Runner) -> None:
        """What upstream forgets of the run that it goes on with: where the
        files are now, if the folder was moved."""

        def moved(path: str) -> str:
            return self.file_backend.join_path(self.out_dir,
                                               osp.basename(path))

        last_ckpt = runner.message_hub.get_info('last_ckpt')
        if last_ckpt is not None:
            self.last_ckpt = moved(last_ckpt)
        self._set_best_paths(
            [path and moved(path) for path in self._best_paths()])


def _owes_validation(runner: Runner) -> bool:
    """Whether a run stopped after it had written an epoch's checkpoint, and
    before it had written what the validation of it found out."""
    loop = runner.train_loop
    if not isinstance(loop, EpochBasedTrainLoop) or runner.val_loop is None:
        return False
    loop._decide_current_val_interval()
    # As in the loop.
    is_due = loop.epoch >= loop.val_begin and (
        loop.epoch % loop.val_interval == 0 or loop.epoch == loop.max_epochs)
    validated = runner.message_hub.get_info('epoch_of_validation')
    return is_due and validated != loop.epoch


def warn_of_gradients(runner: Runner) -> None:
    """Say so if a run goes on between two steps of the optimizer."""
    counts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
    waiting = runner.iter % counts
    if waiting:
        runner.logger.warning(
            f'accumulative_counts={counts} is no divisor of the '
            f'{runner.iter} iterations so far: the gradients of the last '
            f'{waiting}, which no step has used yet, are not in a checkpoint, '
            'so that this run differs by them from one that was not stopped.')
