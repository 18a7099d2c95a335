"""Compare how fast exported models and PyTorch describe images.

Example:

    python tools/analysis_tools/benchmark_export.py CONFIG CHECKPOINT \
        person.fusionreid half.fusionreid --batch-size 1 16
"""
import argparse
import time
from pathlib import Path
from statistics import median
from typing import Callable, Dict, List

import numpy as np
import torch

from fusionreid_mm.apis import ReIDInferencer
from fusionreid_mm.deployment import is_bundle, read_bundle
from fusionreid_mm.deployment.exporting import build_graph
from fusionreid_mm.deployment.onnx_session import OnnxSession
from fusionreid_mm.engine.command_line import (add_config_arguments,
                                               image_size_of, load_config)

Describe = Callable[[np.ndarray], np.ndarray]


def pytorch(inferencer: ReIDInferencer) -> Describe:
    """The same part of the model as is exported: from 8-bit images on."""
    graph = build_graph(inferencer.model)

    def describe(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return graph(torch.from_numpy(images)).numpy()

    return describe


def onnx_runtime(path: Path) -> Describe:
    """The model of a bundle, of images whose camera nobody knows."""
    bundle = read_bundle(path)
    session = OnnxSession(bundle, 'cpu')

    def describe(images: np.ndarray) -> np.ndarray:
        camids = None
        if bundle.manifest.num_cameras:
            camids = np.full(len(images), -1)
        return session(images, camids)

    return describe


def measure(ways: Dict[str, Describe], images: np.ndarray,
            repeats: int) -> Dict[str, float]:
    """Median seconds of each way. They take turns, so that whatever else the
    machine does meets all of them."""
    seconds: Dict[str, List[float]] = {name: [] for name in ways}
    for turn in range(-1, repeats):
        for name, describe in ways.items():
            start = time.perf_counter()
            describe(images)
            if turn >= 0:  # the first one warms up
                seconds[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in seconds.items()}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        'bundles', nargs='+', type=Path, help='what was exported of it')
    parser.add_argument(
        '--batch-size',
        type=int,
        nargs='+',
        default=[1, 16],
        help='images at a time (default: %(default)s)')
    parser.add_argument(
        '--repeats',
        type=int,
        default=10,
        help='timed runs, of which the median counts (default: %(default)s)')
    args = parser.parse_args()
    if min(args.batch_size) < 1 or args.repeats < 1:
        parser.error('--batch-size and --repeats must be at least 1')
    for path in args.bundles:
        if not is_bundle(path):
            parser.error(f'{path} is no bundle')
    return args


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    inferencer = ReIDInferencer(cfg, args.checkpoint, device='cpu')
    ways = {'PyTorch': pytorch(inferencer)}
    ways.update({str(path): onnx_runtime(path) for path in args.bundles})
    height, width = image_size_of(cfg)
    rng = np.random.default_rng(0)
    print(f'{height} x {width} pixels, on the CPU, {torch.get_num_threads()} '
          f'threads; median of {args.repeats} runs')
    print(f'{"batch":>5}  {"images/s":>10}  {"faster than PyTorch":>20}')
    for batch_size in args.batch_size:
        shape = (batch_size, 3, height, width)
        images = rng.integers(0, 256, shape, np.uint8)
        seconds = measure(ways, images, args.repeats)
        for name, value in seconds.items():
            ratio = seconds['PyTorch'] / value
            print(f'{batch_size:5}  {batch_size / value:10.2f}  {ratio:19.2f}x'
                  f'  {name}')


if __name__ == '__main__':
    main()
