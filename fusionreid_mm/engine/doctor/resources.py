"""Whether the machine has what a config asks it for."""
import os
import shutil
import sys
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple

import torch
from mmengine.config import Config
from torch import Tensor, nn

from fusionreid_mm.models import FusionReID
from .finding import Finding, ok, problem, warning

_SHARED_MEMORY = Path('/dev/shm')

# Files that a process holds open anyhow, and those of a worker: pipes, locks,
# and the shared memory of batches that it has ready.
_FILES_OF_PROCESS = 100
_FILES_OF_WORKER = 12

# The files that MMEngine lets a process open, where a config is silent.
_RAISED_LIMIT = 4096

# Copies of the weights that an optimizer keeps.
_STATES = {'SGD': 1, 'Adam': 2, 'AdamW': 2}

_CHANNELS = 3
_FLOAT32 = 4


class Loader(NamedTuple):
    """What a data loader asks for.

    Attributes:
        num_workers: Its worker processes.
        in_flight: Bytes of the batches that they have ready.
    """
    num_workers: int
    in_flight: int


def check_workers(cfg: Config) -> Iterator[Finding]:
    """CPUs, shared memory and open files against the workers of the loaders.
    Those of training and validation live at the same time."""
    processes = int(os.environ.get('LOCAL_WORLD_SIZE', 1))
    loaders = [
        _loader_of(cfg[name])
        for name in ('train_dataloader', 'val_dataloader')
        if cfg.get(name) is not None
    ]
    if not loaders:
        return
    yield _check_cpus(processes * max(item.num_workers for item in loaders))
    num_workers = sum(item.num_workers for item in loaders)
    in_flight = processes * sum(item.in_flight for item in loaders)
    yield from _check_shared_memory(in_flight)
    yield from _check_open_files(
        _FILES_OF_PROCESS + _FILES_OF_WORKER * num_workers,
        cfg.get('env_cfg', {}).get('resource_limit', _RAISED_LIMIT))


def _loader_of(loader: dict) -> Loader:
    num_workers = loader.get('num_workers', 0)
    # Two batches for each worker, as in PyTorch.
    batches = num_workers * (loader.get('prefetch_factor') or 2)
    height, width = _image_size(loader)
    image = _CHANNELS * height * width
    return Loader(num_workers, batches * loader.get('batch_size', 1) * image)


def _image_size(loader: dict) -> List[int]:
    """Height and width, 0 if nobody knows."""
    for step in loader['dataset'].get('pipeline', ()):
        if step['type'] == 'Resize' and 'scale' in step:
            width, height = step['scale']
            return [height, width]
    return [0, 0]


def _check_cpus(num_workers: int) -> Finding:
    cpus = len(os.sched_getaffinity(0)) if hasattr(
        os, 'sched_getaffinity') else os.cpu_count() or 1
    text = f'{num_workers} workers at a time, and {cpus} CPUs'
    if num_workers <= cpus:
        return ok('workers', text)
    return warning(
        'workers', text, 'More workers than CPUs take turns, and only need '
        f'memory: --cfg-options train_dataloader.num_workers={cpus} '
        f'val_dataloader.num_workers={cpus}')


def _check_shared_memory(needed: int) -> Iterator[Finding]:
    if not _SHARED_MEMORY.is_dir() or not needed:
        return
    free = shutil.disk_usage(_SHARED_MEMORY).free
    text = (f'the workers keep up to {_size(needed)} ready in '
            f'{_SHARED_MEMORY}, where {_size(free)} are free')
    if needed < free:
        yield ok('shared memory', text)
    else:
        yield problem(
            'shared memory', text, 'Enlarge it (docker run --shm-size=8g), or '
            'lower num_workers or prefetch_factor of the data loaders.')


def _check_open_files(needed: int, raised: int) -> Iterator[Finding]:
    """The Runner raises the limit before it opens any."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limit, most = (
        sys.maxsize if bound == resource.RLIM_INFINITY else bound
        for bound in resource.getrlimit(resource.RLIMIT_NOFILE))
    limit = min(max(limit, raised), most)
    text = f'a process opens about {needed} files, and {limit} are allowed'
    if needed <= limit:
        yield ok('open files', text)
    else:
        yield problem('open files', text,
                      f'ulimit -n {needed}, in the shell that starts the run')


def check_disk(folder: str, checkpoint: int, kept: int) -> Iterator[Finding]:
    """Room for the checkpoints of a run.

    Args:
        folder (str): The work dir.
        checkpoint (int): Bytes of one.
        kept (int): How many of them lie there at a time.
    """
    path = Path(folder).absolute()
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    needed = checkpoint * kept
    text = (f'{kept} checkpoints of about {_size(checkpoint)} go to {folder}, '
            f'where {_size(free)} are free')
    if needed < free:
        yield ok('disk', text)
    else:
        yield problem(
            'disk', text, 'Make room, choose another --work-dir, or '
            'lower default_hooks.checkpoint.max_keep_ckpts.')


def kept_checkpoints(cfg: Config) -> int:
    """How many checkpoints of a run lie on the disk at a time: the last ones,
    the best one, and one that is being written."""
    hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
    kept = hook.get('max_keep_ckpts', -1)
    if kept < 1:
        epochs = cfg.get('train_cfg', {}).get('max_epochs', 1)
        kept = epochs // max(1, hook.get('interval', 1))
    return kept + (hook.get('save_best') is not None) + 1


def bytes_of_training(model: nn.Module, cfg: Config) -> int:
    """Weights and what an optimizer keeps of them, as in a checkpoint."""
    states = _STATES.get(cfg.optim_wrapper.optimizer.type, 2)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    return _FLOAT32 * numbers * (1 + states)


def check_gpu(model: FusionReID, cfg: Config) -> Iterator[Finding]:
    """The memory of the GPU against the batch.

    What the backward pass needs of an image is measured: what autograd keeps
    of a forward pass of two images on the CPU. Workspaces of cuDNN and gaps
    between tensors come on top.

    Args:
        model (FusionReID): The bare model, on the CPU; its BatchNorm
            statistics change.
        cfg (Config): The config.
    """
    batch_size = cfg.train_dataloader.batch_size
    size = _image_size(cfg.train_dataloader)
    if not all(size):
        return
    image = _bytes_of_images(model, size, 2) // 2
    # Beside weights and states the gradients.
    fixed = bytes_of_training(
        model, cfg) + _FLOAT32 * sum(parameter.numel()
                                     for parameter in model.parameters())
    needed = fixed + batch_size * image
    text = (f'a batch of {batch_size} needs at least {_size(needed)}: '
            f'{_size(image)} for each image, {_size(fixed)} for weights, '
            'gradients and optimizer; activations take about half with --amp')
    if not torch.cuda.is_available():
        yield warning(
            'GPU', f'there is none that torch can use; {text}',
            'Trainings on the CPU are for small models: is torch '
            f'{torch.__version__} built for your GPU?')
        return
    gpus = [
        torch.cuda.get_device_properties(i)
        for i in range(torch.cuda.device_count())
    ]
    smallest = min(gpu.total_memory for gpu in gpus)
    text = f'{len(gpus)} x {gpus[0].name}, {_size(smallest)}: {text}'
    advice = ('Lower train_dataloader.batch_size and sampler.num_identities '
              'alike, use --amp, or accumulate gradients '
              '(optim_wrapper.accumulative_counts).')
    if needed > smallest:
        yield problem('GPU', text, advice)
    elif needed > 0.85 * smallest:
        yield warning('GPU', text, advice)
    else:
        yield ok('GPU', text)


def _bytes_of_images(model: FusionReID, size: List[int], number: int) -> int:
    """What autograd keeps of a forward pass, weights aside."""
    counted = {_address_of(value) for value in model.state_dict().values()}
    kept: Dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        if _address_of(tensor) not in counted:
            kept[_address_of(tensor)] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        # What comes of it keeps the addresses from being used again.
        embeddings = model.train().extract_embeddings(
            torch.rand(number, _CHANNELS, *size))
    del embeddings
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def _address_of(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _size(number: int) -> str:
    if number < 1e9:
        return f'{number / 1e6:.0f} MB'
    return f'{number / 1e9:.1f} GB'
