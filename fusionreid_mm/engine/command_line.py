"""What the command-line tools share: arguments, the config, the Runner."""
import argparse
import difflib
import inspect
import os
import os.path as osp
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch
import torch.distributed as dist
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.hooks import CheckpointHook
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from fusionreid_mm.compat import use_cpu_group
from .flexible_runner import check_runner
from .worker_errors import explaining_worker_errors

# Read from the config by the Runner, beside its arguments.
_RUNNER_EXTRAS = {
    'activation_checkpointing', 'compile', 'custom_imports',
    'efficient_conv_bn_eval', 'find_unused_parameters', 'model_wrapper_cfg',
    'runner_type', 'strategy', 'sync_bn'
}

# What is read of dicts in which MMEngine ignores other keys.
_READ_BELOW = {
    'auto_scale_lr': {'base_batch_size', 'enable'},
    'env_cfg': {'cudnn_benchmark', 'dist_cfg', 'mp_cfg', 'resource_limit'},
    'default_hooks.checkpoint':
    set(inspect.signature(CheckpointHook).parameters) - {'kwargs'}
    | {'priority', 'type', '_scope_'},
}

# Those of MMEngine are left out only if it is told so.
_MMENGINE_HOOKS = {
    'checkpoint', 'logger', 'param_scheduler', 'runtime_info', 'sampler_seed',
    'timer'
}

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')

# Seconds that a batch may take its workers. Other processes wait for one that
# waits, until they give up with an error that tells nothing.
_WORKER_TIMEOUT = 300


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """``config`` and ``--cfg-options``, for every tool that reads a config."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override keys of the config, as key=value with dots for nested '
        'keys; lists as key="[a,b]" or key=a,b')


def add_runner_arguments(parser: argparse.ArgumentParser) -> None:
    """For tools that build a Runner, as in all OpenMMLab projects."""
    parser.add_argument(
        '--work-dir',
        help='folder of logs and checkpoints (default: work_dirs/<config>)')
    parser.add_argument(
        '--amp', action='store_true', help='run in mixed precision')
    parser.add_argument(
        '--no-pin-memory',
        action='store_true',
        help='do not pin the memory of the data loaders')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started')
    # torch.distributed.launch passes either, torchrun none.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


@contextmanager
def running(cfg: Config, args: argparse.Namespace) -> Iterator[Runner]:
    """The Runner of a config, in the processes of ``--launcher``.

    Raises:
        ValueError: If the config asks for what its Runner does not do.
    """
    cfg.launcher = args.launcher
    check_runner(cfg)
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    use_cpu_group(cfg)
    with explaining_worker_errors():
        if 'runner_type' in cfg:
            yield RUNNERS.build(cfg)
        else:
            yield Runner.from_cfg(cfg)
    if dist.is_initialized():
        dist.destroy_process_group()


def load_config(path: str, options: Optional[Dict[str, Any]] = None) -> Config:
    """A config file with ``--cfg-options`` merged into it.

    Args:
        path (str): The config file.
        options (Dict[str, Any], optional): Values by dotted key, as
            ``{'model.neck.num_layers': 3}``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If an option goes through a key that does not exist, or a
            top-level key looks like a misspelt one.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(f'there is no config file {path!r}')
    cfg = Config.fromfile(path)
    options = options or {}
    for key in options:
        _check_option(cfg, key)
    cfg.merge_from_dict(options)
    _drop_hooks(cfg)
    _check_spelling(cfg)
    return cfg


def image_size_of(cfg: Config) -> Tuple[int, int]:
    """Height and width to which the images of a test are resized.

    Raises:
        ValueError: If the pipeline does not resize them.
    """
    for step in cfg.test_dataloader.dataset.pipeline:
        if step.type == 'Resize':
            width, height = step.scale
            return height, width
    raise ValueError(f'{cfg.filename}: the pipeline of the test has no Resize,'
                     ' which would tell the size of the images')


def set_work_dir(cfg: Config, path: str, work_dir: Optional[str]) -> None:
    """The command line goes before the config, and that before
    ``work_dirs/<name of the config>``."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(path))[0]
        cfg.work_dir = osp.join('work_dirs', name)


def set_loader_defaults(cfg: Config, pin_memory: bool,
                        persistent_workers: bool) -> None:
    """Fill in what a data loader should have where the config is silent:
    pinned memory if there is a GPU, workers that outlive an epoch, since new
    ones would repeat the random numbers of the last, and an end to waiting for
    a worker that hangs."""
    for field in _LOADERS:
        loader = cfg.get(field)
        if loader is None:
            continue
        has_workers = loader.get('num_workers', 0) > 0
        loader.setdefault('pin_memory', torch.cuda.is_available())
        loader.setdefault('persistent_workers', has_workers)
        loader.setdefault('collate_fn', dict(type='default_collate'))
        loader.setdefault('timeout', _WORKER_TIMEOUT)
        if not has_workers:
            loader.timeout = 0
        if not pin_memory:
            loader.pin_memory = False
        if not persistent_workers or not has_workers:
            loader.persistent_workers = False


def augment_tests(cfg: Config) -> None:
    """Let the test see several versions of each image, ``tta_pipeline``, and
    the model merge what it finds in them, ``tta_model``. Where the config is
    silent: the image and its mirror image, and the mean of both descriptors.
    """
    model = cfg.get('tta_model', dict(type='AverageFeatureTTA'))
    cfg.model = ConfigDict(**model, module=cfg.model)
    for dataset in _datasets_of(cfg.test_dataloader.dataset):
        dataset.pipeline = cfg.get('tta_pipeline',
                                   _with_mirror_image(dataset.pipeline))


def _with_mirror_image(pipeline: List[dict]) -> List[dict]:
    *steps, last = pipeline
    mirrors = [dict(type='RandomFlip', prob=prob) for prob in (0., 1.)]
    return [*steps, dict(type='TestTimeAug', transforms=[mirrors, [last]])]


def _datasets_of(dataset: ConfigDict) -> Iterator[ConfigDict]:
    """The configs below MMEngine's ``ConcatDataset``."""
    if 'datasets' not in dataset:
        yield dataset
    for part in dataset.get('datasets', ()):
        yield from _datasets_of(part)


def _drop_hooks(cfg: Config) -> None:
    """Leave out hooks that are None, as MMEngine does with its own."""
    for name, hook in list(cfg.get('default_hooks', {}).items()):
        if hook is None and name not in _MMENGINE_HOOKS:
            del cfg.default_hooks[name]


def _runner_keys() -> List[str]:
    arguments = set(inspect.signature(Runner.__init__).parameters)
    return sorted(arguments - {'self', 'cfg'} | _RUNNER_EXTRAS)


def _check_option(cfg: Config, option: str) -> None:
    """Each part of ``a.b.c`` but the last must be there; the last is checked
    by whatever is built from it. At the top level nothing would be, so that
    must be a key that the Runner reads."""
    first, *rest = option.split('.')
    if first not in _runner_keys():
        if first not in cfg:
            _refuse(option, first, cfg)
        raise ValueError(
            f'--cfg-options {option}: {first!r} is a variable of the config '
            'file, which has been put in where it was used. Set the keys '
            'themselves, such as train_cfg.max_epochs or '
            'train_dataloader.dataset.data_root.')
    if first not in cfg:
        return
    node: Any = cfg[first]
    for depth, part in enumerate(rest[:-1], start=1):
        child = _child(node, part)
        if child is None:
            _refuse(option, '.'.join([first, *rest[:depth]]), node)
        node = child


def _child(node: Any, part: str) -> Any:
    if isinstance(node, (list, tuple)):
        is_index = part.isdigit() and int(part) < len(node)
        return node[int(part)] if is_index else None
    return node.get(part) if hasattr(node, 'get') else None


def _refuse(option: str, missing: str, node: Any) -> None:
    known = list(node) if hasattr(node, 'keys') else []
    close = difflib.get_close_matches(missing.rpartition('.')[2], known, n=1)
    hint = f' Did you mean {close[0]!r}?' if close else ''
    raise ValueError(
        f'--cfg-options {option}: the config has no key {missing!r}.{hint}')


def _check_spelling(cfg: Config) -> None:
    """Refuse ``optim_wraper``: the Runner would ignore it. Variables of a
    config, which stand at the top level too, look like no key of the
    Runner."""
    known = _runner_keys()
    for key in cfg:
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.8)
        if key not in known and close:
            raise ValueError(f'{cfg.filename}: nothing reads the key {key!r}. '
                             f'Did you mean {close[0]!r}?')
    for path, keys in _READ_BELOW.items():
        node: Any = cfg
        for part in path.split('.'):
            node = (node or {}).get(part)
        for key in node or ():
            if key not in keys:
                raise ValueError(
                    f'{cfg.filename}: nothing reads {path}.{key}; {path} has '
                    f'the keys {sorted(keys)}')
