"""Export a model, and check that it gives the same descriptors.

Examples:

    python tools/deployment/export.py CONFIG CHECKPOINT --out person.fusionreid
    # for other programs, and half as large
    python tools/deployment/export.py CONFIG CHECKPOINT --fp16 \
        --out person.fusionreid person.onnx --images data/market1501/query
"""
import argparse
import os
import os.path as osp
from pathlib import Path

from fusionreid_mm.apis import ReIDInferencer, export_model
from fusionreid_mm.apis.export import Export
from fusionreid_mm.deployment.exporting import (OPSET, OPSETS, check_torch,
                                                threshold_of, writer_of)
from fusionreid_mm.engine.command_line import add_config_arguments, load_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out',
        type=Path,
        nargs='+',
        required=True,
        help='files to write; the suffix says the format: .fusionreid (a '
        'bundle, which ReIDInferencer reads), .onnx, .pt2 (torch.export) or '
        '.torchscript')
    parser.add_argument(
        '--fp16',
        action='store_true',
        help='compute in half precision, in .fusionreid and .onnx')
    parser.add_argument(
        '--without-cameras',
        action='store_true',
        help='export a model that is told no camera')
    parser.add_argument(
        '--thresholds',
        help='thresholds of a test with fars of ReIDMetric, of which a bundle '
        'keeps one, to tell whether two images show the same person')
    parser.add_argument(
        '--allowed-far',
        type=float,
        help='the false accept rate whose threshold it is (default: that of '
        'the equal error rate)')
    parser.add_argument(
        '--images',
        nargs='+',
        default=[],
        help='images of people to check with, beside noise: files, folders, '
        'globs')
    parser.add_argument(
        '--opset',
        type=int,
        default=OPSET,
        choices=OPSETS,
        metavar=f'{OPSETS[0]}-{OPSETS[-1]}',
        help="version of ONNX's operators (default: %(default)s)")
    parser.add_argument(
        '--tolerance',
        type=float,
        help='how far the numbers of normalised descriptors may be from those '
        'of PyTorch; beyond, nothing is written (default: 1e-4, with --fp16 '
        '5e-3)')
    args = parser.parse_args()
    if not osp.isfile(args.checkpoint) and '://' not in args.checkpoint:
        parser.error(f'there is no checkpoint file {args.checkpoint!r}')
    if args.allowed_far is not None and args.thresholds is None:
        parser.error('--allowed-far needs --thresholds')
    args.precision = 'float16' if args.fp16 else 'float32'
    if len(set(args.out)) < len(args.out):
        parser.error('--out names a file twice')
    for path in args.out:
        try:
            writer_of(path, args.precision)
        except ValueError as error:
            parser.error(f'--out {error}')
        if path.exists():
            parser.error(f'--out {path} is there already: remove it, or give '
                         'another name')
    return args


def describe(export: Export) -> str:
    """What was written, in lines."""
    manifest = export.manifest
    cameras = f'{manifest.num_cameras} cameras' if manifest.num_cameras \
        else 'no cameras'
    lines = [
        f'{export.path}: {os.path.getsize(export.path):,} bytes, '
        f'{manifest.precision}, {cameras}, descriptors of '
        f'{manifest.descriptor_size}, fingerprint {manifest.fingerprint}'
    ]
    if export.opset is not None:
        lines[0] += f', opset {export.opset}'
    if manifest.threshold is not None:
        sign = '>=' if manifest.threshold.metric == 'cosine' else '<='
        lines.append(f'  same person: {manifest.threshold.metric} {sign} '
                     f'{manifest.threshold.value:.4f} (false accepts '
                     f'{manifest.threshold.far:.3g}, true accepts '
                     f'{manifest.threshold.tar:.3g})')
    for kind, difference in export.differences.items():
        lines.append(f'  {difference.num_images} {kind} images: largest '
                     'difference from PyTorch '
                     f'{difference.largest:.2e}, lowest cosine similarity '
                     f'{difference.lowest_similarity:.8f}')
    return '\n'.join(lines)


def main() -> None:
    args = parse_args()
    check_torch()
    threshold = None
    if args.thresholds is not None:
        threshold = threshold_of(args.thresholds, args.allowed_far)
    # On the CPU, where what was exported is checked.
    inferencer = ReIDInferencer(
        load_config(args.config, args.cfg_options),
        args.checkpoint,
        device='cpu')
    for path in args.out:
        export = export_model(
            inferencer,
            path,
            args.images,
            with_cameras=not args.without_cameras,
            precision=args.precision,
            threshold=threshold,
            opset=args.opset,
            tolerance=args.tolerance)
        print(describe(export), flush=True)


if __name__ == '__main__':
    main()
