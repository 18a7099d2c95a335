import argparse
from collections import Counter
from typing import List, Optional, Tuple

from ..cameras import camera_of
from ..gallery_options import add_gallery_arguments, gallery_options
from ..names import printable

HELP = 'list the models there are, or tell what is in a gallery'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'pattern',
        nargs='?',
        default='*',
        help='what the names of models must look like, as "*duke*"')
    add_gallery_arguments(parser, required=False)
    parser.add_argument(
        '--names',
        action='store_true',
        help='list the images of the gallery, one a line')


def run(args: argparse.Namespace) -> None:
    if args.gallery is None:
        if args.names:
            raise ValueError('--names are those of a gallery: give --gallery')
        lines = _models(args.pattern)
    elif args.names:
        lines = _names(args)
    else:
        lines = _summary(args)
    for line in lines:
        print(line)


def _models(pattern: str) -> List[str]:
    from fusionreid_mm.availability import has_mmengine
    if not has_mmengine():
        raise ImportError('models are built by MMEngine, which is not '
                          'installed: give an exported model instead')
    from fusionreid_mm.apis import list_models
    return list_models(pattern)


def _names(args: argparse.Namespace) -> List[str]:
    from fusionreid_mm.apis import Gallery
    with Gallery.open(**gallery_options(args)) as gallery:
        return list(map(printable, gallery.names()))


def _summary(args: argparse.Namespace) -> List[str]:
    from fusionreid_mm.apis import Gallery
    cameras: Counter = Counter()
    first, last = None, None
    with Gallery.open(**gallery_options(args)) as gallery:
        for image in gallery.images():
            cameras[image.camid] += 1
            if image.time is not None:
                first = image.time if first is None else min(first, image.time)
                last = image.time if last is None else max(last, image.time)
        rows: List[Tuple[str, Optional[str]]] = [
            ('images', str(sum(cameras.values()))),
            ('cameras', _of_cameras(cameras)),
            ('times', None if first is None else f'{first:.10g} to '
             f'{last:.10g} seconds'),
            ('model', str(gallery.source or 'not remembered')),
            ('fingerprint', gallery.fingerprint),
            ('descriptors', f'{gallery.descriptor_size} numbers each'),
            ('index', gallery.index),
            ('told the model',
             'no cameras' if gallery.new_cameras else 'cameras'),
        ]
    return [f'{name:16}{text}' for name, text in rows if text]


def _of_cameras(cameras: Counter) -> str:
    known = sorted(camid for camid in cameras if camid is not None)
    parts = [f'{camera_of(camid)}: {cameras[camid]}' for camid in known]
    if cameras[None]:
        parts.append(f'unknown: {cameras[None]}')
    return ', '.join(parts)
