from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from fusionreid_mm.registry import HOOKS
from ..bare_model import bare_model
from ..checkpoint import fit_for_finetuning, fit_for_resuming, fit_for_testing

_SHOWN = 20


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuses a checkpoint that does not fit the model, where MMEngine would
    warn and go on with random weights.

    Training that is resumed needs each entry, and the state of the optimizer.
    Tests do not need the classifiers. Fine-tuning (``load_from``) may leave
    out what belongs to a dataset, other entries may be missing or left over,
    and position embeddings are resized to larger images, with a warning.

    Raises:
        ValueError: If an entry that is needed is missing or of another shape.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        model = bare_model(runner.model)
        expected = model.state_dict()
        state_dict = checkpoint.get('state_dict', checkpoint)
        if not isinstance(runner._train_loop, BaseLoop):
            dropped = fit_for_testing(state_dict, expected)
            if dropped:
                runner.logger.info(
                    f'{len(dropped)} classifiers of the checkpoint are left '
                    'out: they are of another number of identities, and the '
                    'descriptor does not need them.')
        elif runner._resume:
            _refuse_without_state(checkpoint)
            fit_for_resuming(state_dict, expected)
        else:
            lines = fit_for_finetuning(state_dict, model)
            if lines:
                runner.logger.warning(
                    f'{len(lines)} entries of checkpoint and model do not '
                    'meet:\n  ' + '\n  '.join(lines[:_SHOWN]))


def _refuse_without_state(checkpoint: dict) -> None:
    """MMEngine would go on with a new optimizer."""
    missing = [
        key for key in ('meta', 'message_hub', 'optimizer')
        if key not in checkpoint
    ]
    if missing:
        raise ValueError(
            f'the checkpoint has no {", ".join(missing)}, so that a training '
            'cannot go on from it: it was written as the best one, was '
            'published, or is of another program. load_from=... starts a '
            'training with its weights.')
