from typing import Dict, List

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, Runner
from torch import Tensor

from fusionreid_mm.registry import HOOKS


@HOOKS.register_module()
class CheckpointFitHook(Hook):
    """Refuses a checkpoint that does not fit the model, where MMEngine would
    warn and go on with random weights.

    Classifiers of another number of identities are the exception: the
    descriptor does not need them, so they are left out of tests and of
    fine-tuning (``load_from``). Only fine-tuning may lack other entries.

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
        reshaped = [
            name for name in expected if name in state_dict
            and expected[name].shape != state_dict[name].shape
        ]
        is_training = isinstance(runner._train_loop, BaseLoop)
        is_resumed = is_training and runner._resume
        if not is_resumed:
            reshaped = self._drop_classifiers(runner, state_dict, reshaped)
        problems = _describe(reshaped, state_dict, expected)
        if is_resumed or not is_training:
            problems += [
                f'missing: {name}' for name in expected
                if name not in state_dict and not _is_classifier(name)
            ]
            problems += [
                f'left over: {name}' for name in state_dict
                if name not in expected
            ]
        if problems:
            shown = '\n  '.join(problems[:20])
            raise ValueError(
                f'the checkpoint does not fit the model of this config, '
                f'{len(problems)} entries differ:\n  {shown}\nUse the config '
                'that the checkpoint was trained with.')

    def _drop_classifiers(self, runner: Runner, state_dict: Dict[str, Tensor],
                          reshaped: List[str]) -> List[str]:
        dropped = [name for name in reshaped if _is_classifier(name)]
        for name in dropped:
            del state_dict[name]
        if dropped:
            runner.logger.info(
                f'{len(dropped)} classifiers of the checkpoint are left out: '
                'they are of another number of identities, and the '
                'descriptor does not need them.')
        return [name for name in reshaped if name not in dropped]


def _is_classifier(name: str) -> bool:
    return name.startswith('head.') and '.classifier.' in name


def _describe(reshaped: List[str], state_dict: Dict[str, Tensor],
              expected: Dict[str, Tensor]) -> List[str]:
    return [
        f'shape: {name} is {tuple(state_dict[name].shape)} in the '
        f'checkpoint, but {tuple(expected[name].shape)} in the model'
        for name in reshaped
    ]
