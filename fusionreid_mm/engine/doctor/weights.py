"""Whether the weights that a config names are there and fit."""
import os.path as osp
from typing import Any, Iterator, Tuple

from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from fusionreid_mm.models import FusionReID
from ..checkpoint import fit_for_finetuning, fit_for_resuming
from .finding import Finding, ok, problem, warning

_SUBJECT = 'weights'
_SHOWN = 10


def check_pretrained(cfg: Config) -> Iterator[Finding]:
    """The files of each ``init_cfg`` in the model. URLs are not tried."""
    for path, init_cfg in _init_cfgs(cfg.model, 'model'):
        name = init_cfg.get('checkpoint')
        if name is None:
            continue
        if '://' in name:
            yield ok(_SUBJECT, f'{path}: {name} is downloaded, unless it was '
                     'before')
        elif osp.isfile(osp.expanduser(name)):
            yield ok(_SUBJECT, f'{path}: {name} is there')
        else:
            yield problem(
                _SUBJECT, f'{path}: there is no file {name}',
                f'Set {path}.checkpoint, or {path}=None to start '
                'from random weights.')


def _init_cfgs(node: Any, path: str) -> Iterator[Tuple[str, dict]]:
    items = enumerate(node) if isinstance(node, (list, tuple)) else \
        node.items() if isinstance(node, dict) else ()
    for key, child in items:
        if key == 'init_cfg':
            parts = child if isinstance(child, (list, tuple)) else [child]
            for part in parts:
                if isinstance(part, dict):
                    yield f'{path}.init_cfg', part
        else:
            yield from _init_cfgs(child, f'{path}.{key}')


def check_load_from(model: FusionReID, cfg: Config) -> Iterator[Finding]:
    """The checkpoint that a run starts from."""
    path = cfg.get('load_from')
    if path is None:
        return
    if '://' in path:
        yield ok(_SUBJECT, f'load_from: {path} is downloaded when it is used')
        return
    try:
        checkpoint = CheckpointLoader.load_checkpoint(path, map_location='cpu')
        state_dict = checkpoint.get('state_dict', checkpoint)
        lines = []
        if cfg.get('resume'):
            fit_for_resuming(state_dict, model.state_dict())
        else:
            lines = fit_for_finetuning(state_dict, model)
    except Exception as error:  # of torch, of pickle, of the file system, ours
        yield problem(_SUBJECT, f'load_from: {path}: {error}',
                      'Set load_from to a checkpoint of this model.')
        return
    if lines:
        yield warning(
            _SUBJECT, '\n'.join([
                f'load_from: {path} and the model do not meet in '
                f'{len(lines)} entries:'
            ] + lines[:_SHOWN]),
            'This is right if it was trained on other data or images.')
    else:
        yield ok(_SUBJECT, f'load_from: {path} fits the model')
