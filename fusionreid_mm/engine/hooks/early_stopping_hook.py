from typing import Dict

from mmengine.hooks import EarlyStoppingHook as _EarlyStoppingHook
from mmengine.runner import Runner

from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class EarlyStoppingHook(_EarlyStoppingHook):
    """MMEngine's, which remembers over a resume how long it has waited, and
    whether it has stopped the run.

    Args:
        *args: Of :class:`mmengine.hooks.EarlyStoppingHook`.
        **kwargs: Likewise.
    """

    # Before the checkpoint is written that holds what it remembers.
    priority = 'LOW'

    def before_train(self, runner: Runner) -> None:
        state = runner.message_hub.get_info('early_stopping')
        if state is not None:
            self.wait_count = state['wait_count']
            self.best_score = state['best_score']
            runner.train_loop.stop_training = state['stop_training']

    def after_val_epoch(self, runner: Runner, metrics: Dict[str,
                                                            float]) -> None:
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info(
            'early_stopping',
            dict(
                wait_count=self.wait_count,
                best_score=float(self.best_score),
                stop_training=runner.train_loop.stop_training))
