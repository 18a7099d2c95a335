from typing import Dict, List, NamedTuple, Tuple

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.model.weight_init import PretrainedInit as _PretrainedInit
from mmengine.model.weight_init import update_init_info
from torch import nn

from fusionreid_mm.registry import WEIGHT_INITIALIZERS
from .checkpoint_file import StateDict, read_state_dict

# What no pretrained file has, since it belongs to a ReID dataset.
_MAY_BE_MISSING = 'sie_embed'

_LEAST_SHARE = 0.9


class Report(NamedTuple):
    """What became of a checkpoint.

    Attributes:
        loaded: Names of the module's entries that the file filled.
        missing: Names of those that it did not.
        unused: Names in the file that the module does not know.
        reshaped: Shapes before and after, of entries that were made to fit.
    """
    loaded: List[str]
    missing: List[str]
    unused: List[str]
    reshaped: Dict[str, Tuple[torch.Size, torch.Size]]

    def __str__(self) -> str:
        rows = [(kind, ', '.join(names))
                for kind, names in (('missing', self.missing),
                                    ('unused', self.unused)) if names]
        rows += [('reshaped', f'{name} {tuple(old)} -> {tuple(new)}')
                 for name, (old, new) in self.reshaped.items()]
        return '\n'.join(f'  {kind:<9} {text}' for kind, text in rows)


@WEIGHT_INITIALIZERS.register_module(name='Pretrained')
class PretrainedInit(_PretrainedInit):
    """Loads pretrained weights and says what became of each entry.

    It stands in for MMEngine's initializer of the same name, which warns of
    what does not fit and goes on with random weights. Files of torchvision,
    timm, DeiT, T2T-ViT, DINOv2, TransReID and mmpretrain are understood: where
    names or sizes differ, the backbones translate them themselves.

    Args:
        checkpoint (str): A path, a URL, or a name such as
            ``'torchvision://resnet50'``.
        prefix (str, optional): The part of the file to be loaded. A file of
            mmpretrain, in which all starts with ``backbone.``, needs none.
            Defaults to None.
        map_location (str): Defaults to ``'cpu'``.

    Raises:
        FileNotFoundError: If the file is not there or cannot be downloaded.
        ValueError: If it is not safe to read, if an entry has another shape,
            or if it fills less than nine tenths of the module.
    """

    def __call__(self, module: nn.Module) -> None:
        state_dict = read_state_dict(self.checkpoint, self.map_location)
        inside, outside = self._split(state_dict, module)
        report = self._load(module, inside)
        report = report._replace(unused=report.unused + outside)
        name = type(module).__name__
        total = len(report.loaded) + len(report.missing)
        self._refuse_too_little(report, name)
        print_log(
            f'{name}: {len(report.loaded)} of {total} entries are from '
            f'{self.checkpoint}\n{report}'.rstrip(),
            logger='current')
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())
        _shield(module, self.checkpoint)

    def _split(self, state_dict: StateDict,
               module: nn.Module) -> Tuple[StateDict, List[str]]:
        """The entries under the prefix, and the names of the others."""
        prefix = self.prefix
        if prefix is None and not hasattr(module, 'backbone') and any(
                name.startswith('backbone.') for name in state_dict):
            prefix = 'backbone'
        if not prefix:
            return state_dict, []
        prefix = prefix.rstrip('.') + '.'
        inside = {
            name[len(prefix):]: value
            for name, value in state_dict.items() if name.startswith(prefix)
        }
        if not inside:
            parts = sorted({name.partition('.')[0] for name in state_dict})
            raise ValueError(
                f'{self.checkpoint} has nothing under prefix={prefix!r} of '
                f'init_cfg, only {", ".join(parts[:10])}')
        return inside, [
            name for name in state_dict if not name.startswith(prefix)
        ]

    def _load(self, module: nn.Module, state_dict: StateDict) -> Report:
        adapted: StateDict = {}
        # It runs after the hooks by which a backbone renames and resizes. (The
        # public name of this method is younger than PyTorch 2.1.)
        recorder = module._register_load_state_dict_pre_hook(
            lambda state_dict, *args: adapted.update(state_dict))
        try:
            missing, unused = module.load_state_dict(state_dict, strict=False)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f'{self.checkpoint} does not fit {type(module).__name__}: '
                f'{error}\nTake the weights of this very backbone, or set '
                'init_cfg=None to start from random ones.') from error
        finally:
            recorder.remove()
        # PyTorch counts on where a file has no count of batches.
        expected = [
            name for name in module.state_dict()
            if not name.endswith('num_batches_tracked')
        ]
        return Report(
            loaded=[name for name in expected if name not in missing],
            missing=list(missing),
            unused=list(unused),
            reshaped={
                name: (state_dict[name].shape, value.shape)
                for name, value in adapted.items()
                if name in state_dict and state_dict[name].shape != value.shape
            })

    def _refuse_too_little(self, report: Report, module_name: str) -> None:
        missing = [
            name for name in report.missing
            if not name.endswith(_MAY_BE_MISSING)
        ]
        total = len(report.loaded) + len(missing)
        if len(report.loaded) < _LEAST_SHARE * total:
            raise ValueError(
                f'{self.checkpoint} fills only {len(report.loaded)} of '
                f'{total} entries of {module_name}.\n'
                f'  missing are {_some(missing)}\n'
                f'  the file has {_some(report.unused)}\n'
                'Take the weights of this very backbone, set prefix= of '
                'init_cfg if they are a part of the file, or init_cfg=None to '
                'start from random ones.')


def _shield(module: nn.Module, checkpoint: str) -> None:
    """Keep upstream from initialising anew what was loaded: its backbones
    recognise a file by this one form of ``init_cfg``, not by a list or a
    class, and their parts are still to come in some cases."""
    for part in module.modules():
        if isinstance(part, BaseModule) and part is not module:
            part.is_init = True
    if isinstance(module, BaseModule):
        module.init_cfg = dict(type='Pretrained', checkpoint=checkpoint)


def _some(names: List[str]) -> str:
    shown = ', '.join(names[:5]) or 'nothing else'
    return shown + (f' and {len(names) - 5} more' if len(names) > 5 else '')
