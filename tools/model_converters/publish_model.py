"""Make a file to publish of a checkpoint: its weights, as plain tensors."""
import argparse
from pathlib import Path

import torch

from fusionreid_mm.checkpoint_io import read_checkpoint
from fusionreid_mm.engine.checkpoint import published_weights, write_published


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Keep the weights of a checkpoint (the averages, where '
        'EMAHook was used), its config and the counts of its dataset; leave '
        'out optimizer, schedule and history')
    parser.add_argument('src', type=Path, help='checkpoint')
    parser.add_argument(
        'dst',
        type=Path,
        help='file to write, .safetensors or .pth; the first eight digits of '
        'its SHA-256 are added to the name')
    parser.add_argument(
        '--no-classifiers',
        action='store_true',
        help='leave out the classifiers, which the descriptor does not need')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='read SRC although it may run any code, as whoever wrote it '
        'wishes; DST is safe to read')
    args = parser.parse_args()
    if not args.src.is_file():
        parser.error(f"there is no file '{args.src}'")
    return args


def main() -> None:
    args = parse_args()
    if args.trust:
        checkpoint = torch.load(args.src, 'cpu', weights_only=False)
        if isinstance(checkpoint, torch.nn.Module):
            checkpoint = checkpoint.state_dict()
    else:
        checkpoint = read_checkpoint(args.src, 'cpu')
    weights = published_weights(
        checkpoint, with_classifiers=not args.no_classifiers)
    path = write_published(weights, args.dst)
    print(f'{len(weights["state_dict"])} entries written to {path}')


if __name__ == '__main__':
    main()
