"""What the tools that look into a model share: arguments, model, images."""
import argparse
import re
from pathlib import Path
from typing import List, Optional

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import DefaultScope

from fusionreid_mm.checkpoint_io import check_writable_folder
from fusionreid_mm.datasets import collect_annotations
from fusionreid_mm.engine.command_line import add_config_arguments, load_config
from fusionreid_mm.registry import DATASETS, SCOPE
from fusionreid_mm.sources import PersonImage
from fusionreid_mm.sources.image_items import Item, items_of
from fusionreid_mm.visualization import Picture
from fusionreid_mm.visualization.explanations import overlay_heat
from .explanation import read_photo
from .inferencer import ReIDInferencer

# Pixels.
_HEIGHT = 256

# Letters of a name that is taken from an image. File systems take 255.
_LONGEST_NAME = 200


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """``config``, ``checkpoint``, ``--device`` and ``--out``."""
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--device', help='where to run (default: the GPU, if there is one)')
    parser.add_argument(
        '--out', type=Path, required=True, help='folder to write to')


def add_image_arguments(parser: argparse.ArgumentParser) -> None:
    """``--images``, ``--camid`` and ``--num-queries``."""
    parser.add_argument(
        '--images',
        nargs='+',
        help='image files, folders, or tables (default: queries of the test '
        'set)')
    parser.add_argument(
        '--camid',
        type=int,
        help='camera of the images, from 0 (default: nobody knows it)')
    parser.add_argument(
        '--num-queries',
        type=int,
        default=8,
        help='queries to draw, evenly spread over the test set, where there '
        'are no --images (default: %(default)s)')


def build_inferencer(args: argparse.Namespace) -> ReIDInferencer:
    """Of the command line.

    Raises:
        OSError: Before, if ``--out`` cannot be written to.
    """
    check_writable_folder(args.out)
    cfg = load_config(args.config, args.cfg_options)
    return ReIDInferencer(cfg, args.checkpoint, args.device)


def chosen_items(cfg: Config, args: argparse.Namespace) -> List[Item]:
    """The images to draw.

    Raises:
        ValueError: If there are none, or a camera is told that is none.
    """
    if args.camid is not None and args.images is None:
        raise ValueError('--camid is of --images, which are missing: of the '
                         'queries of the test set, the cameras are known')
    check_camid('--camid', args.camid)
    if args.images is not None:
        return list(items_of(args.images, args.camid))
    if args.num_queries < 1:
        raise ValueError('--num-queries must be at least 1: got '
                         f'{args.num_queries}')
    with DefaultScope.overwrite_default_scope(SCOPE):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    annotations = collect_annotations(dataset)
    queries = [
        Item(PersonImage(path, camid), camid) for path, camid, role in zip(
            annotations.img_paths, _known(annotations.camids),
            annotations.roles) if role == 'query'
    ]
    return evenly(queries, args.num_queries)


def check_camid(option: str, camid: Optional[int]) -> None:
    """
    Raises:
        ValueError: If it is no camera.
    """
    if camid is not None and camid < 0:
        raise ValueError(f'{option} counts cameras from 0: got {camid}. Leave '
                         'it out if nobody knows the camera')


def evenly(items: list, number: int) -> list:
    """So many of them, or all, evenly spread, in their order."""
    if len(items) <= number:
        return items
    return [items[i * len(items) // number] for i in range(number)]


def file_name(number: int, item: Item) -> str:
    """``00003_0002_c1s1_000451_03.png``; it begins with the place of the image
    among those that are drawn."""
    name = 'image'
    if isinstance(item.image, PersonImage):
        name = Path(item.image.name).name
        name = re.sub(r'\.\w+$', '', name)
    name = re.sub('[^-.=_a-zA-Z0-9]', '_', name)
    return f'{number:05d}_{name[:_LONGEST_NAME]}.png'


def tall_photo(item: Item) -> np.ndarray:
    """(256, W, 3), RGB and uint8."""
    photo = read_photo(item)
    height, width = photo.shape[:2]
    size = max(round(width * _HEIGHT / height), 1), _HEIGHT
    return cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC)


def heat_picture(photo: np.ndarray, heat: np.ndarray, name: str) -> Picture:
    """A map over a photo; the caption says how far its peak stands out."""
    mean = float(heat.mean())
    peak = f'{float(heat.max()) / mean:.1f}' if mean > 0 else '0'
    return Picture(overlay_heat(photo, heat), f'{name}\npeak {peak} x mean')


def _known(camids: List[Optional[int]]) -> List[Optional[int]]:
    return [None if camid is None or camid < 0 else camid for camid in camids]
