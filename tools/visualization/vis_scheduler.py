"""Draw the learning rate of each iteration, without training.

MMEngine's Runner goes through the whole training with the optimizer and the
schedulers of the config, but without images, and the model does nothing.
Example:

    python tools/visualization/vis_scheduler.py configs/fusionreid_market.py \
        --save-path schedule.png
"""
import argparse
import copy
import json
import math
import tempfile
import time
from collections import Counter
from itertools import repeat
from numbers import Number
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from matplotlib.figure import Figure
from mmengine.config import Config, ConfigDict
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader, Dataset

from fusionreid_mm.engine.command_line import add_config_arguments, load_config
from fusionreid_mm.engine.figures import (add_figure_arguments, drawing,
                                          has_window)
from fusionreid_mm.registry import DATASETS, LOOPS, MODELS, PARAM_SCHEDULERS

PARAMETERS = {
    'lr': 'learning rate',
    'momentum': 'momentum',
    'wd': 'weight decay',
}

# Default hooks that have nothing to do here.
_IDLE_HOOKS = ('runtime_info', 'timer', 'logger', 'checkpoint', 'sampler_seed')

_NAMES_IN_LABEL = 4


class Images(Dataset):
    """Stands for a dataset of so many images."""

    metainfo: dict = {}

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count


class EmptyLoader(DataLoader):
    """As many batches as an epoch has, and nothing in them."""

    def __iter__(self) -> Any:
        return repeat(None, len(self))


class EndlessLoader(EmptyLoader):
    """For trainings by iteration: MMEngine waits seconds where a loader comes
    to its end."""

    def __iter__(self) -> Any:
        return repeat(None)


class IdleModel(BaseModel):
    """Stands for the model in a training in which nothing is learned: there
    are no gradients."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return {}

    def train_step(self, data, optim_wrapper):
        optim_wrapper.step()
        return {}


class RecordHook(Hook):
    """Keep what the optimizer works with in each iteration, by group."""

    def __init__(self, parameter: str) -> None:
        self.parameter = parameter
        self.values: List[List[float]] = []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        wrapper = runner.optim_wrapper
        if self.parameter == 'lr':
            values = wrapper.get_lr()['lr']
        elif self.parameter == 'momentum':
            values = wrapper.get_momentum()['momentum']
        else:
            values = [
                group['weight_decay']
                for group in wrapper.optimizer.param_groups
            ]
        self.values.append(list(values))


class Epoch(NamedTuple):
    """Images and iterations of an epoch, and who says so."""
    num_images: int
    num_iterations: int
    source: str


def measure_epoch(loader: ConfigDict, dataset_size: Optional[int]) -> Epoch:
    """How long an epoch is: by the given number of images, by the dataset if
    it is there, or else by what is published of it.

    Raises:
        ValueError: If nobody knows.
    """
    if dataset_size is not None:
        return _by_count(loader, dataset_size, '--dataset-size')
    try:
        built = Runner.build_dataloader(copy.deepcopy(loader), seed=0)
        return Epoch(len(built.dataset), len(built), 'the dataset')
    except FileNotFoundError as error:
        reader = DATASETS.get(loader.dataset.type)
        published = getattr(reader, 'COUNTS', {}).get('train')
        if published is None:
            raise ValueError(
                f'{loader.dataset.type} is not there, and nothing is '
                'published of its size: give --dataset-size, the number of '
                'training images') from error
        return _by_count(loader, published.images, 'the publication')


def _by_count(loader: ConfigDict, num_images: int, source: str) -> Epoch:
    # The sampler of people leaves out what fills no batch.
    drops_rest = 'num_identities' in loader.get('sampler', {})
    cut = math.floor if drops_rest or loader.get('drop_last') else math.ceil
    num_iterations = cut(num_images / loader.batch_size)
    if not num_iterations:
        raise ValueError(f'{source}: {num_images} images do not fill a batch '
                         f'of {loader.batch_size}')
    return Epoch(num_images, num_iterations, source)


def spread(loader: ConfigDict, num_gpus: int) -> ConfigDict:
    """The data loader that takes in one step what one on each GPU do."""
    loader = copy.deepcopy(loader)
    loader.batch_size *= num_gpus
    if 'num_identities' in loader.get('sampler', {}):
        loader.sampler.num_identities *= num_gpus
    return loader


def is_by_epoch(train_cfg: ConfigDict) -> bool:
    if 'type' in train_cfg:
        return not issubclass(LOOPS.get(train_cfg.type), IterBasedTrainLoop)
    return train_cfg.by_epoch


def merge_groups(wrapper: OptimWrapper, model: nn.Module) -> List[List[str]]:
    """Make one parameter group, with one parameter, of those that start with
    equal numbers, since schedulers treat them alike; MMEngine makes one for
    each parameter.

    Returns:
        List[List[str]]: The names of the parameters for which each stands.
    """
    names = {
        id(parameter): name
        for name, parameter in model.named_parameters()
    }
    groups: Dict[str, dict] = {}
    names_of: Dict[str, List[str]] = {}
    for group in wrapper.optimizer.param_groups:
        numbers = str(
            sorted((key, value) for key, value in group.items()
                   if isinstance(value, (Number, tuple))))
        groups.setdefault(numbers, dict(group, params=group['params'][:1]))
        names_of.setdefault(numbers,
                            []).extend(names[id(parameter)]
                                       for parameter in group['params'])
    wrapper.optimizer.param_groups = list(groups.values())
    return list(names_of.values())


def simulate(cfg: Config, wrapper: OptimWrapper, num_iterations: int,
             parameter: str) -> np.ndarray:
    """Go through the training.

    Args:
        cfg (Config): The config.
        wrapper (OptimWrapper): Its optimizer.
        num_iterations (int): Iterations of an epoch.
        parameter (str): Which of :data:`PARAMETERS` to look at.

    Returns:
        np.ndarray: (I, G) of each iteration and parameter group.
    """
    by_epoch = is_by_epoch(cfg.train_cfg)
    key = 'max_epochs' if by_epoch else 'max_iters'
    batch_size = cfg.train_dataloader.batch_size
    loader_type = EmptyLoader if by_epoch else EndlessLoader
    recorder = RecordHook(parameter)
    with tempfile.TemporaryDirectory() as work_dir:
        runner = Runner(
            model=IdleModel(),
            work_dir=work_dir,
            train_dataloader=loader_type(
                Images(num_iterations * batch_size), batch_size),
            # Loops of other types take as many steps.
            train_cfg={
                'by_epoch': by_epoch,
                key: cfg.train_cfg[key]
            },
            auto_scale_lr=cfg.get('auto_scale_lr'),
            # The loss scaler of AmpOptimWrapper wants gradients.
            optim_wrapper=OptimWrapper(wrapper.optimizer),
            param_scheduler=cfg.get('param_scheduler'),
            default_hooks=dict.fromkeys(_IDLE_HOOKS),
            custom_hooks=[recorder],
            log_level=cfg.log_level,
            default_scope=cfg.get('default_scope', 'fusionreid_mm'),
            experiment_name=f'schedule_{time.time_ns()}')
        runner.train()
    return np.array(recorder.values, dtype=np.float64)


def curves_of(values: np.ndarray,
              groups: List[List[str]]) -> List[Tuple[str, np.ndarray]]:
    """What the curves among the columns are of, and their values."""
    names_of: Dict[bytes, List[str]] = {}
    for column, names in zip(values.T, groups):
        names_of.setdefault(column.tobytes(), []).extend(names)
    return [(describe(names), np.frombuffer(column))
            for column, names in names_of.items()]


def describe(names: List[str]) -> str:
    """``weight, cls_token (213 parameters)``."""
    ends = Counter(name.rpartition('.')[2] for name in names)
    shown = [end for end, _ in ends.most_common(_NAMES_IN_LABEL)]
    more = ', …' if len(ends) > len(shown) else ''
    return f'{", ".join(shown)}{more} ({len(names)} parameters)'


def plot(figure: Figure, curves: List[Tuple[str, np.ndarray]], quantity: str,
         epoch_length: Optional[int]) -> None:
    """Draw curves above epochs, or above iterations if ``epoch_length`` is
    None."""
    length = epoch_length or 1
    axes = figure.add_subplot()
    for label, column in curves:
        axes.plot(np.arange(len(column)) / length, column, label=label)
    axes.set_ylabel(quantity)
    if epoch_length is None:
        axes.set_xlabel('iterations')
    else:
        axes.set_xlabel('epochs')
        above = axes.secondary_xaxis(
            'top',
            functions=(lambda epochs: np.multiply(epochs, length),
                       lambda iterations: np.divide(iterations, length)))
        above.set_xlabel('iterations')
    axes.legend()


def report(cfg: Config, epoch: Epoch) -> Iterator[str]:
    yield 'Param_scheduler:'
    yield json.dumps(cfg.get('param_scheduler'), indent=4)
    yield (f'{epoch.num_images} images (by {epoch.source}) in batches of '
           f'{cfg.train_dataloader.batch_size}, all GPUs together: '
           f'{epoch.num_iterations} iterations per epoch')
    for scheduler in schedulers_of(cfg):
        kind = PARAM_SCHEDULERS.get(scheduler.type)
        if getattr(kind, 'need_val_args', False):
            yield (f'{scheduler.type} waits for the metrics of validations, '
                   'which are not known before: it is drawn as if it never '
                   'found a reason to act.')


def schedulers_of(cfg: Config) -> List[ConfigDict]:
    schedulers = cfg.get('param_scheduler') or []
    if not isinstance(schedulers, list):
        schedulers = [schedulers]
    for scheduler in schedulers:
        if 'type' not in scheduler or not isinstance(scheduler, dict):
            raise ValueError('param_scheduler must be a dict with a type, or '
                             f'a list of such dicts: got {scheduler!r}')
    return schedulers


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument(
        '-p',
        '--parameter',
        default='lr',
        choices=list(PARAMETERS),
        help='what to draw (default: %(default)s)')
    parser.add_argument(
        '-d',
        '--dataset-size',
        type=positive,
        help='number of training images (default: those of the dataset, or '
        'what is published of it)')
    parser.add_argument(
        '-n',
        '--ngpus',
        type=positive,
        default=1,
        help='GPUs of the training (default: %(default)s)')
    parser.add_argument(
        '-s',
        '--save-path',
        type=Path,
        help='write the picture to this file (.png, .pdf, .svg)')
    parser.add_argument(
        '--log-level',
        default='WARNING',
        help='from which level on the Runner tells what it does (default: '
        '%(default)s)')
    parser.add_argument(
        '--not-show', action='store_true', help='open no window')
    add_figure_arguments(parser)
    args = parser.parse_args()
    args.show = has_window() and not args.not_show
    if args.save_path is None and not args.show:
        parser.error('there is nowhere to show the curves: write them to a '
                     'file with --save-path')
    return args


def positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f'{text!r} is not 1 or more')
    return int(text)


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    cfg.log_level = args.log_level
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    cfg.train_dataloader = spread(cfg.train_dataloader, args.ngpus)
    epoch = measure_epoch(cfg.train_dataloader, args.dataset_size)
    print('\n'.join(report(cfg, epoch)))

    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    if isinstance(wrapper, OptimWrapperDict):
        raise ValueError(f'{args.config} has several optimizers: only the '
                         'schedule of one can be drawn')
    groups = merge_groups(wrapper, model)
    curves = curves_of(
        simulate(cfg, wrapper, epoch.num_iterations, args.parameter), groups)

    quantity = PARAMETERS[args.parameter]
    epoch_length = None
    if is_by_epoch(cfg.train_cfg):
        epoch_length = epoch.num_iterations
    with drawing(args, args.save_path, args.show) as figure:
        plot(figure, curves, quantity, epoch_length)
        figure.suptitle(args.title or f'{Path(args.config).name}: {quantity}')
    if args.save_path is not None:
        print(f'{quantity}: {args.save_path}')


if __name__ == '__main__':
    main()
