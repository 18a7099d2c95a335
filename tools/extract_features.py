"""Write the descriptors of many images into a folder.

    python tools/extract_features.py CHECKPOINT images/ --out features
    torchrun --nproc_per_node 8 tools/extract_features.py CONFIG CHECKPOINT \
        'cameras/**/*.jpg' --out features --launcher pytorch

A job that was stopped, or killed, goes on when it is started again. With
--gallery, what is in the folder is put into a gallery in the end.
"""
import argparse
import os
import sys
from typing import Any, List, Optional

import torch

from fusionreid_mm.apis import (Gallery, ModelSource, ReIDInferencer,
                                extract_features, left_out, read_features)
from fusionreid_mm.apis.gallery.stamp import stamp_of
from fusionreid_mm.cli.gallery_options import (add_gallery_arguments,
                                               gallery_options)
from fusionreid_mm.cli.model_options import checked_source
from fusionreid_mm.cli.names import absolute
from fusionreid_mm.cli.source_options import add_source_arguments
from fusionreid_mm.sources import PersonImage, list_images

# Where launchers say which process of its machine this is. The processes need
# nothing else from them: what they share is the folder.
_LOCAL_RANKS = {
    'pytorch': 'LOCAL_RANK',
    'slurm': 'SLURM_LOCALID',
    'mpi': 'OMPI_COMM_WORLD_LOCAL_RANK',
}

# Where they say which process of all it is.
_RANKS = {
    'pytorch': 'RANK',
    'slurm': 'SLURM_PROCID',
    'mpi': 'OMPI_COMM_WORLD_RANK',
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'model', help='config file, name of a model, or checkpoint')
    parser.add_argument(
        'weights',
        nargs='?',
        help='checkpoint, where the model is a config or a name')
    parser.add_argument(
        'images',
        help='image file, folder, glob (in quotes), CSV file with the column '
        'image or with boxes in videos, or video')
    parser.add_argument('--out', required=True, help='folder to write to')
    add_source_arguments(parser)
    parser.add_argument(
        '--batch-size',
        type=int,
        default=32,
        metavar='N',
        help='images at a time (default: %(default)s)')
    parser.add_argument(
        '--chunk-size',
        type=int,
        default=512,
        metavar='N',
        help='images in a file (default: %(default)s)')
    parser.add_argument(
        '--skip-bad-images',
        action='store_true',
        help='go on where an image cannot be read, and list it in the end')
    add_gallery_arguments(parser, required=False)
    parser.add_argument(
        '--device', help='where to run (default: the GPUs, if there are any)')
    parser.add_argument(
        '--launcher',
        choices=['none', *_LOCAL_RANKS],
        default='none',
        help='how the processes were started')
    # torch.distributed.launch passes either, torchrun none.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser.parse_args()


def local_rank(args: argparse.Namespace) -> int:
    name = _LOCAL_RANKS.get(args.launcher)
    return int(os.environ.get(name or '', args.local_rank))


def device_of(args: argparse.Namespace) -> Optional[str]:
    """The GPU of this process; several processes may share one."""
    num_devices = torch.cuda.device_count()
    if args.device or args.launcher == 'none' or not num_devices:
        return args.device
    return f'cuda:{local_rank(args) % num_devices}'


def is_first(args: argparse.Namespace) -> bool:
    """Whether this process does what one does for all."""
    return int(os.environ.get(_RANKS.get(args.launcher, ''), 0)) == 0


def source_of(args: argparse.Namespace) -> ModelSource:
    """What the gallery remembers."""
    return checked_source(ModelSource(args.model, args.weights), 'the model')


def open_gallery(args: argparse.Namespace, inferencer: Any,
                 images: List[PersonImage]) -> Gallery:
    """Raises:
        ValueError: If the features will not be those of the gallery.
    """
    gallery = Gallery(
        inferencer=inferencer, source=source_of(args), **gallery_options(args))
    if gallery.new_cameras and any(image.camid is not None
                                   for image in images):
        gallery.close()
        raise ValueError(
            f'{args.gallery} has descriptors of a model that was not told the '
            'cameras, but this extraction tells them: use "fusionreid index"')
    return gallery


def fill_gallery(gallery: Gallery, folder: str) -> None:
    """Put features into a gallery, which may have some of them. What it has of
    an image as it is now stays: it may have been described since."""
    begin = os.stat(os.path.join(folder, 'job.json')).st_mtime_ns
    for images, features in read_features(folder):
        named = [image._replace(name=absolute(image.name)) for image in images]
        missing = set(gallery.missing(iter(named)))
        rows = [row for row, image in enumerate(named) if image in missing]
        gallery.add_descriptors(
            [named[row] for row in rows], features[rows],
            [stamp_at(named[row].name, begin) for row in rows])


def stamp_at(name: str, begin: int) -> Optional[str]:
    """Of a file as it was when its job began. None if it has changed since, so
    that the gallery misses it still."""
    stamp = stamp_of(name)
    is_later = stamp is not None and int(stamp.rpartition('-')[2]) > begin
    return None if is_later else stamp


def main() -> None:
    args = parse_args()
    has_gallery = args.gallery is not None and is_first(args)
    try:
        images = list_images(args.images, args.boxes, args.camera_pattern)
        # Descriptors at random are of no use to anybody.
        source_of(args)
        inferencer = ReIDInferencer(args.model, args.weights, device_of(args))
        if has_gallery:
            # What is wrong with it is to be known now.
            open_gallery(args, inferencer, images).close()
        job = extract_features(
            inferencer,
            images,
            args.out,
            batch_size=args.batch_size,
            chunk_size=args.chunk_size,
            on_bad_image='skip' if args.skip_bad_images else 'raise',
            show_progress=local_rank(args) == 0)
        if has_gallery:
            with open_gallery(args, inferencer, images) as gallery:
                fill_gallery(gallery, args.out)
                print(f'{args.gallery} has {len(gallery)} images')
        bad = left_out(args.out) if local_rank(args) == 0 else []
    except (OSError, ValueError, ImportError) as error:
        sys.exit(f'error: {error}')
    if local_rank(args) == 0:
        for name in bad:
            print(f'left out: {name}')
        print(f'{job.num_images - len(bad)} descriptors of '
              f'{job.descriptor_size} numbers are in {args.out}')


if __name__ == '__main__':
    main()
