from typing import Dict

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import Tensor

from fusionreid_mm.registry import HOOKS
from ..checkpoint import describe_misfits

_SHOWN = 20


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuses a checkpoint that does not fit the model, where MMEngine would
    warn and go on with random weights.

    Classifiers of another number of identities are the exception: the
    descriptor does not need them, so they are left out of tests and of
    fine-tuning (``load_from``). In fine-tuning, entries may also be missing
    or left over, which is logged.

    Raises:
        ValueError: If an entry has another shape, or, when testing or
            resuming, if one is missing or left over.
    """

    priority = 'VERY_HIGH'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        expected = model.state_dict()
        state_dict = checkpoint.get('state_dict', checkpoint)
        is_training = isinstance(runner._train_loop, BaseLoop)
        if not (is_training and runner._resume):
            _drop_classifiers(runner, state_dict, expected)

        misfits = describe_misfits(
            {
                name.removeprefix('module.'): value
                for name, value in state_dict.items()
            }, expected)
        if is_training and not runner._resume:
            tolerated = [line for line in misfits if 'shape: ' not in line]
            _log(runner, tolerated)
        else:
            tolerated = [line for line in misfits if _is_classifier(line)]
        misfits = [line for line in misfits if line not in tolerated]
        if misfits:
            raise ValueError(
                'the checkpoint does not fit the model of this config, '
                f'{len(misfits)} entries differ:\n  ' +
                '\n  '.join(misfits[:_SHOWN]) +
                '\nUse the config that it was trained with.')


def _drop_classifiers(runner: Runner, state_dict: Dict[str, Tensor],
                      expected: Dict[str, Tensor]) -> None:
    dropped = [
        name for name, value in state_dict.items() if _is_classifier(name)
        and name in expected and expected[name].shape != value.shape
    ]
    for name in dropped:
        del state_dict[name]
    if dropped:
        runner.logger.info(
            f'{len(dropped)} classifiers of the checkpoint are left out: they '
            'are of another number of identities, and the descriptor does '
            'not need them.')


def _is_classifier(name: str) -> bool:
    return 'head.' in name and '.classifier.' in name


def _log(runner: Runner, lines: list) -> None:
    if lines:
        runner.logger.info(f'{len(lines)} entries of checkpoint and model do '
                           'not meet:\n  ' + '\n  '.join(lines[:_SHOWN]))
