from mmengine.hooks import Hook
from mmengine.runner import Runner

from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class ValidateBeforeTrainHook(Hook):
    """Validates once before the first epoch: the metrics that training starts
    from. A resumed run has done so already."""

    # After CheckpointHook has prepared itself to keep the best checkpoint.
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        if runner.val_loop is not None and runner.iter == 0:
            runner.val_loop.run()
