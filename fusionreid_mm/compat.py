"""Shims that let the OpenMMLab stack run on today's libraries.

Each function states its reason and the version at which it can go.
:func:`install_shims` applies those that act at import; :func:`use_cpu_group`
is for programs that build a Runner.
"""
import logging
import os
import os.path as osp
import warnings
from importlib import metadata
from importlib.util import find_spec
from itertools import chain
from typing import Any, Dict, Iterable, Iterator, Tuple

import torch
from mmengine import utils
from mmengine.config import Config, ConfigDict, config
from mmengine.config import utils as config_utils
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.dist import is_main_process
from mmengine.fileio import file_client
from mmengine.hub import hub
from mmengine.logging import MMLogger, print_log
from mmengine.model import BaseModule
from mmengine.optim.optimizer import default_constructor
from mmengine.runner import checkpoint, runner
from mmengine.runner.checkpoint import (CheckpointLoader,
                                        _process_mmcls_checkpoint)
from mmengine.utils import digit_version, package_utils
from packaging.requirements import Requirement
from packaging.version import Version

from .checkpoint_io import find_file, read_checkpoint, safe_globals

__all__ = ['install_shims', 'use_cpu_group']

# What provides each module, by its name in requirements/mminstall.txt or, for
# the forks, in requirements/onedl.txt.
_PROVIDERS: Dict[str, Dict[str, Tuple[str, ...]]] = {
    'mmengine': {
        'mmengine': ('mmengine', 'mmengine-lite'),
        'onedl-mmengine': ('onedl-mmengine', ),
    },
    'mmcv': {
        'mmcv-lite': ('mmcv-lite', 'mmcv'),
        'onedl-mmcv': ('onedl-mmcv', ),
    },
    'mmpretrain': {
        'mmpretrain': ('mmpretrain', ),
        'onedl-mmpretrain': ('onedl-mmpretrain', ),
    },
}

#: The modules that come from several distributions.
MODULES = tuple(_PROVIDERS)

# Warnings that nobody can act on, as (category, start of the message).
_NOISE = (
    # mmcv-lite: an operator that is not used here.
    (UserWarning, 'Fail to import ``MultiScaleDeformableAttention``'),
    # setuptools 81 and older, from mmengine's package helpers.
    (UserWarning, 'pkg_resources is deprecated'),
    (DeprecationWarning, 'pkg_resources is deprecated'),
    # mmengine's registry, on Python 3.12 and later.
    (DeprecationWarning, "'pkgutil.find_loader' is deprecated"),
    # mmengine's AmpOptimWrapper and autocast, on torch 2.4 and later.
    (FutureWarning, r'`torch\.cuda\.amp\.GradScaler'),
    (FutureWarning, r'`torch\.cuda\.amp\.autocast'),
    # mmengine's DDP wrapper, on torch 2.15 and later.
    (FutureWarning, '.*broadcast_buffers'),
    # torch's DDP, of convolutions 1 x 1, whose two layouts are the same.
    (UserWarning, 'Grad strides do not match bucket view strides'),
)

_IDLE_LOG_LINES = (
    'paramwise_options',
    'skipped since its requires_grad',
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
)


def install_shims() -> None:
    """Apply everything that has to be in place before a config is read."""
    silence_noise()
    demote_log_lines()
    keep_init_info_in_files()
    warn_outside_window()
    register_scope()
    find_configs_without_folder()
    replace_pkg_resources()
    trust_runner_checkpoints()
    guard_checkpoint_loaders()
    write_checkpoints_whole()


def silence_noise() -> None:
    """Hide upstream's warnings that a user cannot act on.

    Goes entry by entry, when the library named beside it stops warning.
    """
    for category, message in _NOISE:
        warnings.filterwarnings('ignore', message=message, category=category)


def demote_log_lines() -> None:
    """Log for debugging only what MMEngine logs without being of use.

    Three lines for each bias, about 600 for FusionReID, repeat the config, and
    two in each run tell of a class that MMEngine itself should no longer use.
    Goes when upstream does the same.
    """

    def log(message, logger=None, level=logging.INFO):
        if any(part in message for part in _IDLE_LOG_LINES):
            level = logging.DEBUG
        print_log(message, logger, level)

    for module in (default_constructor, file_client):
        module.print_log = log


def keep_init_info_in_files() -> None:
    """Let MMEngine write how each parameter was initialised into the log file,
    as it does, but not to the console where there is no log file.

    Three lines for each, about 1500 for FusionReID, bury what is said of the
    weights. Goes when upstream does the same.
    """
    dump = BaseModule._dump_init_info

    def dump_into_file(module: BaseModule) -> None:
        logger = MMLogger.get_current_instance()
        if any(
                isinstance(handler, logging.FileHandler)
                for handler in logger.handlers):
            dump(module)

    BaseModule._dump_init_info = dump_into_file


def warn_outside_window() -> None:
    """Warn of an MMEngine, mmcv or MMPretrain that was never tried.

    Never an error: newer versions mostly work.
    """
    for message in versions_outside_window():
        warnings.warn(message)


def versions_outside_window() -> Iterator[str]:
    """What there is to say of the installed versions of MMEngine, mmcv and
    MMPretrain. The window is the one of ``requirements/mminstall.txt`` and,
    for the forks, of ``requirements/onedl.txt``, read from the installed
    metadata."""
    try:
        lines = metadata.requires('fusionreid_mm') or []
    except metadata.PackageNotFoundError:  # used from a checkout
        return
    for requirement in map(Requirement, lines):
        for providers in _PROVIDERS.values():
            installed = _installed(providers.get(requirement.name, ()))
            for provider, version in installed.items():
                if version not in requirement.specifier:
                    yield (f'{provider} {version} is outside the versions '
                           'that fusionreid_mm was tried with '
                           f'({requirement.name}{requirement.specifier}).')


def installed_providers(module: str) -> Dict[str, Version]:
    """The installed distributions that provide one of :data:`MODULES`."""
    return _installed(chain(*_PROVIDERS[module].values()))


def _installed(distributions: Iterable[str]) -> Dict[str, Version]:
    found = {}
    for name in distributions:
        try:
            found[name] = Version(metadata.version(name))
        except metadata.PackageNotFoundError:
            continue
    return found


def register_scope() -> None:
    """Let MMEngine resolve ``fusionreid_mm::config.py``.

    It refuses any package that is not in this table of its own (mmengine
    issue 1581). Can go when the table is open to third parties.
    """
    MODULE2PACKAGE.setdefault('fusionreid_mm', 'fusionreid_mm')


def find_configs_without_folder() -> None:
    """Let MMEngine resolve ``package::config.py``.

    It wants a folder between the two, ``package::folder/config.py``, as all
    OpenMMLab projects have. Can go when it does not.
    """
    split = config_utils._get_package_and_cfg_path

    def split_name(cfg_path: str) -> Tuple[str, str]:
        scope, separator, name = cfg_path.partition('::')
        if not separator or '/' in name:
            return split(cfg_path)
        package, _ = split(f'{scope}::folder/{name}')
        return package, name

    for module in (config_utils, config, hub):
        module._get_package_and_cfg_path = split_name


def replace_pkg_resources() -> None:
    """Give MMEngine a look-up of installed packages without pkg_resources,
    which setuptools 82 removed.

    Can go with mmengine 0.11, which no longer imports it.
    """
    if find_spec('pkg_resources') is not None:
        return
    for module in (utils, config, hub, package_utils):
        for shim in (is_installed, get_installed_path):
            if hasattr(module, shim.__name__):
                setattr(module, shim.__name__, shim)


def is_installed(package: str) -> bool:
    """As :func:`mmengine.utils.is_installed`: by distribution or module."""
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        spec = find_spec(package)
        return spec is not None and spec.origin is not None
    return True


def get_installed_path(package: str) -> str:
    """As :func:`mmengine.utils.get_installed_path`: a module's folder."""
    modules = {name: module for module, name in MODULE2PACKAGE.items()}
    spec = find_spec(modules.get(package, package))
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f'{package} is not installed: install it, or put its folder on '
            'PYTHONPATH')
    return osp.dirname(spec.origin)


def trust_runner_checkpoints() -> None:
    """Let ``torch.load`` read what MMEngine's Runner writes.

    Since torch 2.6 it loads weights only, and refuses the logging history,
    schedulers and NumPy metrics in a Runner's checkpoint (mmengine issue
    1655). What is on the list, and what is not, is said in
    :mod:`fusionreid_mm.checkpoint_io.safe_load`. Can go when MMEngine
    registers its own classes.
    """
    # Older ones have no list by name, and do not load weights only.
    if digit_version(torch.__version__) >= digit_version('2.6.0'):
        torch.serialization.add_safe_globals(safe_globals())


def guard_checkpoint_loaders() -> None:
    """Let MMEngine read checkpoints from wherever they are by our loader.

    Its own asks ``torch.load`` for whatever is the default: before torch 2.6,
    and in the maintained forks after a failure, that runs what a file says.
    Can go when MMEngine asks for weights only.
    """
    CheckpointLoader.register_scheme(
        list(CheckpointLoader._schemes), load_from_safe_file, force=True)


def write_checkpoints_whole() -> None:
    """Let MMEngine write checkpoints on the disks of this machine whole or not
    at all (:class:`.checkpoint_io.atomic_write.AtomicLocalBackend`), whoever
    saves them: hooks, Runners, and the strategies of the FlexibleRunner.

    Can go when MMEngine does so.
    """
    save = checkpoint.save_checkpoint

    def save_whole(content: dict,
                   filename: str,
                   file_client_args: Any = None,
                   backend_args: Any = None) -> None:
        if file_client_args is None and backend_args is None \
                and '://' not in filename:
            backend_args = dict(backend='atomic_local')
        save(content, filename, file_client_args, backend_args)

    for module in (checkpoint, runner):
        module.save_checkpoint = save_whole


def load_from_safe_file(filename: str, map_location: Any = None) -> Any:
    """A loader of MMEngine, for paths, URLs and names of all kinds."""
    content = read_checkpoint(find_file(filename), map_location)
    if filename.startswith('mmcls://'):
        return _process_mmcls_checkpoint(content)
    return content


def use_cpu_group(cfg: Config) -> None:
    """Make ``launcher='pytorch'`` work on machines without a GPU.

    MMEngine selects a CUDA device, hands DDP a device id and keeps SyncBN,
    none of which exists on the CPU. A gloo group that is there before the
    Runner makes it skip the first; the config is changed for the others. With
    a GPU, or without a launcher, nothing happens. Can go when
    ``mmengine.dist.init_dist`` knows CPU processes.
    """
    if cfg.get('launcher', 'none') != 'pytorch' or torch.cuda.is_available():
        return
    os.environ.setdefault('LOCAL_RANK', '0')
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group(backend='gloo')
    settings: Any = cfg
    key = 'model_wrapper_cfg'
    if cfg.get('runner_type') == 'FlexibleRunner':
        # It reads the same from its strategy.
        cfg.strategy = cfg.get('strategy') or ConfigDict(type='DDPStrategy')
        settings, key = cfg.strategy, 'model_wrapper'
    if settings.pop('sync_bn', None) and is_main_process():
        print_log(
            'SyncBatchNorm needs GPUs: sync_bn is left out, and each process '
            'normalises with the statistics of its own images.',
            level=logging.WARNING)
    wrapper = settings.get(key) or ConfigDict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False))
    wrapper['device_ids'] = None
    settings[key] = wrapper
