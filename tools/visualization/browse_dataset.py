"""Look at the images of a dataset, or at whole batches as the model sees them.

Examples:

    python tools/visualization/browse_dataset.py CONFIG --mode pipeline \
        --show-number 20 --output-dir pictures
    python tools/visualization/browse_dataset.py CONFIG --batches 3 \
        --output-dir pictures
"""
import argparse
import sys
from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose, pseudo_collate
from mmengine.model import ImgDataPreprocessor
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, set_random_seed
from mmengine.utils import ProgressBar

from fusionreid_mm.datasets import collect_annotations
from fusionreid_mm.datasets.base_reid_dataset import readers_of
from fusionreid_mm.engine.command_line import (add_config_arguments,
                                               load_config,
                                               set_loader_defaults)
from fusionreid_mm.engine.figures import has_window
from fusionreid_mm.registry import DATASETS, MODELS
from fusionreid_mm.structures import ReIDDataSample
from fusionreid_mm.visualization import (Picture, ReIDVisualizer, SheetRow,
                                         camera_name, draw_sheet)

MODES = ('original', 'transformed', 'concat', 'pipeline')

# Of a test: how many people are on a sheet, and how many of their images in a
# row.
_PEOPLE, _IMAGES = 5, 10

#: What is shown, under the name of its file.
NamedSheet = Tuple[str, np.ndarray]


class InspectCompose(Compose):
    """A pipeline that keeps the image after each of its steps.

    Args:
        transforms (list): The steps.
        steps (List[Tuple[str, np.ndarray]]): Where to put the names of steps,
            and the images.
    """

    def __init__(self, transforms: list,
                 steps: List[Tuple[str, np.ndarray]]) -> None:
        super().__init__(transforms)
        self.steps = steps

    def __call__(self, data: dict) -> Optional[dict]:
        for transform in self.transforms:
            data = transform(data)
            if data is None:
                return None
            if 'img' in data:
                self.steps.append(
                    (type(transform).__name__, data['img'].copy()))
        return data


def browse_images(dataset: BaseDataset,
                  args: argparse.Namespace) -> Iterator[NamedSheet]:
    """One sheet for each image, in the order of the dataset."""
    steps: List[Tuple[str, np.ndarray]] = []
    for reader in readers_of(dataset):
        reader.full_init()
        reader.pipeline = InspectCompose(reader.pipeline.transforms, steps)
    names = set()
    for index in range(min(args.show_number, len(dataset))):
        steps.clear()
        dataset[index]
        if not steps:
            raise ValueError(f'{args.config}: no step of the pipeline gives '
                             "an 'img'")
        info = dataset.get_data_info(index)
        name = Path(info['img_path']).stem
        if name in names:
            name = f'{name}_{index}'
        names.add(name)
        pictures = [
            Picture(in_rgb(image, args.channel_order), caption(step, image))
            for step, image in choose_steps(steps, args.mode)
        ]
        if args.mode == 'original' and args.rescale_factor:
            image, text = pictures[0]
            pictures = [
                Picture(mmcv.imrescale(image, args.rescale_factor), text)
            ]
        yield f'{name}.jpg', draw_sheet([SheetRow(title_of(info), pictures)])


def choose_steps(steps: List[Tuple[str, np.ndarray]],
                 mode: str) -> List[Tuple[str, np.ndarray]]:
    first, last = ('original', steps[0][1]), ('transformed', steps[-1][1])
    if mode == 'pipeline':
        return steps
    return dict(
        original=[first], transformed=[last], concat=[first, last])[mode]


def in_rgb(image: np.ndarray, channel_order: str) -> np.ndarray:
    return image if channel_order == 'RGB' else image[..., ::-1]


def caption(step: str, image: np.ndarray) -> str:
    height, width = image.shape[:2]
    return f'{step}\n{height} x {width}'


def title_of(info: Dict[str, Any]) -> str:
    return (f'{info["split"]}\npid {info["pid"]}\n'
            f'{camera_name(info.get("camid"))}')


class ModelView:
    """Images as the model gets them, made visible again.

    Args:
        cfg (Config): The config.
        channel_order (str): That of the images in the pipeline.
    """

    def __init__(self, cfg: Config, channel_order: str) -> None:
        if 'data_preprocessor' not in cfg.model:
            raise ValueError(f'{cfg.filename}: model has no data_preprocessor,'
                             ' so that nobody knows what the model sees')
        self.preprocess: ImgDataPreprocessor = MODELS.build(
            cfg.model.data_preprocessor)
        turned = self.preprocess._channel_conversion
        self.channel_order = channel_order
        if turned:
            self.channel_order = 'BGR' if channel_order == 'RGB' else 'RGB'

    def __call__(self, batch: dict,
                 training: bool) -> List[Tuple[ReIDDataSample, np.ndarray]]:
        """Each sample of a batch with its image (H, W, 3): normalised, erased
        and so on, and the normalisation undone."""
        data = self.preprocess(batch, training)
        images = data['inputs'].float()
        if self.preprocess._enable_normalize:
            images = images * self.preprocess.std + self.preprocess.mean
        # Noise goes beyond what an image can hold.
        pixels = images.round().clamp(0, 255).to(torch.uint8)
        return [(sample, in_rgb(image, self.channel_order))
                for sample, image in zip(data['data_samples'],
                                         pixels.permute(0, 2, 3, 1).numpy())]


def browse_training(cfg: Config,
                    args: argparse.Namespace) -> Iterator[NamedSheet]:
    """The first batches of a training: a person in each row."""
    view = ModelView(cfg, args.channel_order)
    # The Runner gives the same seed to the sampler.
    seed = set_random_seed(cfg.get('randomness', {}).get('seed'))
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=seed)
    for number, batch in enumerate(islice(loader, args.batches), start=1):
        people: Dict[int, List[Picture]] = {}
        for sample, image in view(batch, training=True):
            people.setdefault(sample.pid, []).append(
                Picture(image, camera_name(sample.get('camid'))))
        yield f'train_batch_{number}.jpg', draw_sheet([
            SheetRow(f'pid {pid}', pictures)
            for pid, pictures in people.items()
        ])


def browse_test(cfg: Config, args: argparse.Namespace) -> Iterator[NamedSheet]:
    """Sheets of some people each: the queries in one row, and below what is
    to be found, from the gallery."""
    view = ModelView(cfg, args.channel_order)
    dataset = DATASETS.build(cfg[f'{args.phase}_dataloader'].dataset)
    annotations = collect_annotations(dataset)
    indices: Dict[Tuple[str, int], List[int]] = {}
    for index, key in enumerate(zip(annotations.roles, annotations.pids)):
        indices.setdefault(key, []).append(index)
    pids = [pid for role, pid in indices if role == 'query']
    if not pids:
        raise ValueError(f'{args.config}: {args.phase}_dataloader has no '
                         'queries, after whom the sheets go')
    for number in range(1, args.batches + 1):
        people = pids[(number - 1) * _PEOPLE:number * _PEOPLE]
        if not people:
            return
        yield f'{args.phase}_batch_{number}.jpg', draw_sheet([
            test_row(dataset, view, role, pid, indices.get((role, pid), []))
            for pid in people for role in ('query', 'gallery')
        ])


def test_row(dataset: BaseDataset, view: ModelView, role: str, pid: int,
             indices: List[int]) -> SheetRow:
    """The first images of a person in a role."""
    shown = indices[:_IMAGES]
    pictures = []
    if shown:
        batch = pseudo_collate([dataset[index] for index in shown])
        pictures = [
            Picture(image, camera_name(sample.get('camid')))
            for sample, image in view(batch, training=False)
        ]
    count = f'{len(shown)} of {len(indices)}'
    return SheetRow(f'{role}\npid {pid}\n{count}', pictures)


def present(sheets: Iterator[NamedSheet], total: int,
            args: argparse.Namespace) -> None:
    """Write and show sheets as they come."""
    visualizer = ReIDVisualizer()
    progress = ProgressBar(total)
    for name, sheet in sheets:
        if args.output_dir is not None:
            mmcv.imwrite(sheet[..., ::-1], str(args.output_dir / name))
        if args.show:
            visualizer.show(sheet, win_name=name, wait_time=args.show_interval)
        progress.update()
    print()


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument(
        '--output-dir', '-o', type=Path, help='write pictures to this folder')
    parser.add_argument(
        '--not-show', action='store_true', help='open no window')
    parser.add_argument(
        '--phase',
        '-p',
        default='train',
        choices=['train', 'test', 'val'],
        help='whose images to look at (default: %(default)s)')
    parser.add_argument(
        '--show-number',
        '-n',
        type=int,
        default=sys.maxsize,
        help='how many images to look at (default: all)')
    parser.add_argument(
        '--show-interval',
        '-i',
        type=float,
        default=2,
        help='seconds for which each is shown (default: %(default)s)')
    parser.add_argument(
        '--mode',
        '-m',
        choices=MODES,
        help='images as they are on disk, after all steps of the pipeline '
        '(the default), both beside each other, or after each step')
    parser.add_argument(
        '--batches',
        type=int,
        metavar='N',
        help='look at N whole batches instead, with what the model does to '
        'them: in training as the sampler draws them, a person in each row; '
        f'in tests {_PEOPLE} people in each, their queries and gallery images')
    parser.add_argument(
        '--rescale-factor',
        '-r',
        type=float,
        help='size of the images of --mode original')
    parser.add_argument(
        '--channel-order',
        '-c',
        default='BGR',
        choices=['BGR', 'RGB'],
        help='that of images in the pipeline (default: %(default)s)')
    args = parser.parse_args()
    check_args(parser, args)
    args.mode = args.mode or 'transformed'
    return args


def check_args(parser: argparse.ArgumentParser,
               args: argparse.Namespace) -> None:
    for option in ('show_number', 'batches', 'rescale_factor'):
        value = getattr(args, option)
        if value is not None and value <= 0:
            parser.error(f'--{option.replace("_", "-")} must be above 0: got '
                         f'{value}')
    if args.batches is not None and args.mode is not None:
        parser.error('--mode is about single images: leave out it or '
                     '--batches')
    args.show = has_window() and not args.not_show
    if args.output_dir is None and not args.show:
        parser.error('there is nowhere to show the images: write them to a '
                     'folder with --output-dir')


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    loader = cfg.get(f'{args.phase}_dataloader')
    if loader is None:
        raise ValueError(f'{args.config} has no {args.phase}_dataloader')
    loader.num_workers = 0
    set_loader_defaults(cfg, pin_memory=False, persistent_workers=False)
    if args.batches is None:
        dataset = DATASETS.build(loader.dataset)
        present(
            browse_images(dataset, args), min(args.show_number, len(dataset)),
            args)
    else:
        browse = browse_training if args.phase == 'train' else browse_test
        present(browse(cfg, args), args.batches, args)


if __name__ == '__main__':
    main()
