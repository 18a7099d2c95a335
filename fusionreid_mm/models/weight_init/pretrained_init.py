import logging
from typing import Dict, List, Optional, Tuple

from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.model.weight_init import PretrainedInit as _PretrainedInit
from mmengine.model.weight_init import update_init_info
from torch import nn

from fusionreid_mm.registry import WEIGHT_INITIALIZERS
from .checkpoint_file import read_state_dict
from .patch_grid import PATCH_GRID, SQUARE
from .report import Report, Shapes, fold, show_shapes
from .state_dict import (Metadata, StateDict, adapt_state_dict, metadata_of,
                         take_part)
from .timm_names import is_timm_wrapper, rename_for_timm_wrapper

# What belongs to a ReID dataset: no pretrained file has it, and that of
# another dataset is of no use.
_OF_A_DATASET = 'sie_embed'

# Under which others save a backbone: mmpretrain, TransReID.
_WRAPPERS = ('backbone', 'base')

_LEAST_SHARE = 0.9

_ADVICE = ('Take the weights of this very backbone, or set init_cfg=None to '
           'start from random ones.')


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
            mmpretrain, in which all starts with ``backbone.``, needs none, and
            neither does one of TransReID (``base.``). Defaults to None.
        map_location (str): Defaults to ``'cpu'``.
        patch_grid (Tuple[int, int], optional): Rows and columns of the
            position embedding in the file. Checkpoints of this package say it
            themselves; of others, a square number of places is taken to be a
            square, and else the number must be that of the backbone. Defaults
            to None.

    Raises:
        FileNotFoundError: If the file is not there or cannot be downloaded.
        ValueError: If it is not safe to read, if an entry has another shape,
            if it fills less than nine tenths of the module, or if less than
            nine tenths of what it holds of the module's parts has a place
            there.
    """

    def __init__(self,
                 checkpoint: str,
                 prefix: Optional[str] = None,
                 map_location: str = 'cpu',
                 patch_grid: Optional[Tuple[int, int]] = None) -> None:
        super().__init__(checkpoint, prefix, map_location)
        self.patch_grid = patch_grid

    def __call__(self, module: nn.Module) -> None:
        content = read_state_dict(self.checkpoint, self.map_location)
        prefix = self._find_prefix(content, module)
        state_dict = take_part(content, prefix)
        metadata = metadata_of(state_dict)
        # The user knows an entry by its name in the file.
        names = {id(value): name for name, value in state_dict.items()}
        if is_timm_wrapper(module):
            state_dict = rename_for_timm_wrapper(state_dict, module)
        adapted = self._adapt(module, state_dict, metadata)
        report = _compare(module, state_dict, adapted, names)
        report = report._replace(num_outside=len(content) - len(state_dict))
        self._check(report, module)
        # Without what has no place, by which a hook might translate again.
        module.load_state_dict(
            {
                name: adapted[name]
                for name in module.state_dict()
                if name in adapted and name not in report.dropped
            },
            strict=False)
        self._log(report, module)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())
        _shield(module, self.checkpoint)

    def _find_prefix(self, state_dict: StateDict, module: nn.Module) -> str:
        """With a dot at its end; empty if all is to be loaded."""
        if self.prefix:
            prefix = self.prefix.rstrip('.') + '.'
            if not any(name.startswith(prefix) for name in state_dict):
                parts = sorted({name.partition('.')[0] for name in state_dict})
                raise ValueError(
                    f'{self.checkpoint} has nothing under prefix={prefix!r} '
                    f'of init_cfg, only {", ".join(parts[:10])}')
            return prefix
        for wrapper in _WRAPPERS:
            if not hasattr(module, wrapper) and any(
                    name.startswith(f'{wrapper}.') for name in state_dict):
                return f'{wrapper}.'
        return ''

    def _adapt(self, module: nn.Module, state_dict: StateDict,
               metadata: Metadata) -> StateDict:
        root = {PATCH_GRID: SQUARE, **metadata.get('', {})}
        if self.patch_grid is not None:
            root[PATCH_GRID] = tuple(self.patch_grid)
        try:
            return adapt_state_dict(module, state_dict, {**metadata, '': root})
        # Upstream's hooks assert.
        except (ValueError, AssertionError) as error:
            raise ValueError(
                f'{self.checkpoint} does not fit {type(module).__name__}: '
                f'{error}') from error

    def _check(self, report: Report, module: nn.Module) -> None:
        name = type(module).__name__
        if report.misshapen:
            raise ValueError(
                f'{self.checkpoint} does not fit {name}, '
                f'{len(report.misshapen)} entries have another shape there:\n'
                f'  {show_shapes(report.misshapen)}\n{_ADVICE}')
        num_loaded, num_missing = len(report.loaded), len(report.missing)
        if num_loaded < _LEAST_SHARE * (num_loaded + num_missing):
            left_over = report.surplus + report.unused
            raise ValueError(
                f'{self.checkpoint} fills only {num_loaded} of '
                f'{num_loaded + num_missing} entries of {name}.\n'
                f'  missing are {fold(report.missing)}\n'
                f'  the file has {fold(left_over) or "nothing else"}\n'
                'If they are a part of the file, set prefix= of init_cfg. '
                f'{_ADVICE}')
        if num_loaded < _LEAST_SHARE * (num_loaded + len(report.surplus)):
            raise ValueError(
                f'{self.checkpoint} holds {len(report.surplus)} entries for '
                f'which {name} has no place, beside {num_loaded} that it '
                f'has:\n  {fold(report.surplus)}\n'
                'Build it as it is in the file: as deep, and with '
                'layer_scale_init_value where there are layer scales. '
                f'{_ADVICE}')

    def _log(self, report: Report, module: nn.Module) -> None:
        num_loaded = len(report.loaded)
        total = num_loaded + len(report.missing) + len(report.dropped)
        is_whole = not report.surplus and all(
            name.endswith(_OF_A_DATASET) for name in report.missing)
        print_log(
            f'{type(module).__name__}: {num_loaded} of {total} entries are '
            f'from {self.checkpoint}\n{report}'.rstrip(),
            logger='current',
            level=logging.INFO if is_whole else logging.WARNING)


def _compare(module: nn.Module, state_dict: StateDict, adapted: StateDict,
             names: Dict[int, str]) -> Report:
    """What of a file, and of what was made of it, the module can take.

    Args:
        module (nn.Module): The module that is to be filled.
        state_dict (Dict[str, Tensor]): Of the file.
        adapted (Dict[str, Tensor]): What the module makes of it.
        names (Dict[int, str]): The name in the file of each tensor, by its
            identity, since entries are renamed on the way.
    """
    expected = module.state_dict()
    parts = {_part_of(name) for name in expected}
    misshapen: Dict[str, Shapes] = {}
    dropped: Dict[str, Shapes] = {}
    surplus: List[str] = []
    unused: List[str] = []
    for name, value in adapted.items():
        name_in_file = names.get(id(value), name)
        if name in expected and value.shape != expected[name].shape:
            place = dropped if name.endswith(_OF_A_DATASET) else misshapen
            place[name] = value.shape, expected[name].shape
        elif name not in expected:
            is_surplus = _part_of(name) in parts
            (surplus if is_surplus else unused).append(name_in_file)
    # PyTorch counts on where a file has no count of batches.
    counted = [
        name for name in expected if not name.endswith('num_batches_tracked')
    ]
    return Report(
        loaded=[
            name for name in counted if name in adapted and name not in dropped
        ],
        missing=[name for name in counted if name not in adapted],
        surplus=surplus,
        unused=unused,
        misshapen=misshapen,
        dropped=dropped,
        reshaped={
            name: (state_dict[name].shape, value.shape)
            for name, value in adapted.items()
            if name in state_dict and state_dict[name].shape != value.shape
        })


def _part_of(name: str) -> str:
    """The part of a module to which an entry belongs, such as ``layer3``."""
    return name.removeprefix('timm_model.').partition('.')[0]


def _shield(module: nn.Module, checkpoint: str) -> None:
    """Keep upstream from initialising anew what was loaded: its backbones
    recognise a file by this one form of ``init_cfg``, not by a list or a
    class, and their parts are still to come in some cases."""
    for part in module.modules():
        if isinstance(part, BaseModule) and part is not module:
            part.is_init = True
    if isinstance(module, BaseModule):
        module.init_cfg = dict(type='Pretrained', checkpoint=checkpoint)
