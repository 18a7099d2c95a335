import argparse
from contextlib import nullcontext
from typing import (TYPE_CHECKING, Callable, ContextManager, Iterator, List,
                    Optional, Tuple)

from ..gallery_options import add_gallery_arguments, gallery_options
from ..model_options import add_model_arguments, choose_model, load_model
from ..names import with_absolute_names
from ..source_options import add_source_arguments

if TYPE_CHECKING:
    from fusionreid_mm.apis import Gallery, ModelSource
    from fusionreid_mm.sources import PersonImage

HELP = 'describe images and keep them in a gallery, which is made if need be'

# Of fusionreid_mm.apis.gallery, which takes its time to import.
_INDEXES = ('FLAT', 'HNSW', 'IVF_FLAT')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'images',
        nargs='+',
        help='image files, folders, globs (in quotes), CSV files with the '
        'column image or with boxes in videos, or videos')
    add_gallery_arguments(parser)
    add_model_arguments(parser)
    add_source_arguments(parser)
    parser.add_argument(
        '--new-cameras',
        action='store_true',
        help='the cameras are others than those that the model was trained '
        'with: search by them, but do not tell the model (new galleries)')
    parser.add_argument(
        '--index',
        choices=_INDEXES,
        help='how a new gallery finds the nearest: FLAT compares all (the '
        'default), the others are faster and may miss some')
    parser.add_argument(
        '--again',
        action='store_true',
        help='also describe images that are in the gallery and have not '
        'changed')
    parser.add_argument(
        '--skip-bad-images',
        action='store_true',
        help='go on where an image cannot be read')
    parser.add_argument(
        '--batch-size',
        type=int,
        default=32,
        metavar='N',
        help='images at a time (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    images = _images(args)
    remembered, todo = _look(args, images)
    if not todo and not _asks_for_more(args):
        print(f'all {len(images)} images were in {args.gallery} already')
        return
    with _open_gallery(args, remembered) as gallery:
        num_added = _add(gallery, todo, args)
        print(f'{num_added} images were added, {len(images) - len(todo)} were '
              f'there; {args.gallery} has {len(gallery)}')


def _images(args: argparse.Namespace) -> List['PersonImage']:
    from fusionreid_mm.sources import list_images
    source = args.images[0] if len(args.images) == 1 else args.images
    return with_absolute_names(
        list_images(source, args.boxes, args.camera_pattern))


def _look(
    args: argparse.Namespace, images: List['PersonImage']
) -> Tuple[Optional['ModelSource'], List['PersonImage']]:
    """The model that the gallery remembers, and what is to be done, before any
    model is loaded."""
    from fusionreid_mm.apis import Gallery
    try:
        gallery = Gallery.open(**gallery_options(args))
    except FileNotFoundError:
        return None, images
    with gallery:
        todo = images if args.again else list(gallery.missing(images))
        return gallery.source, todo


def _asks_for_more(args: argparse.Namespace) -> bool:
    """Of the gallery than to have images, which must be checked."""
    return bool(args.model or args.index or args.new_cameras)


def _open_gallery(args: argparse.Namespace,
                  remembered: Optional['ModelSource']) -> 'Gallery':
    from fusionreid_mm.apis import Gallery
    source = choose_model(args, remembered)
    return Gallery(
        inferencer=load_model(source, args),
        source=source,
        index=args.index,
        new_cameras=args.new_cameras,
        **gallery_options(args))


def _add(gallery: 'Gallery', images: List['PersonImage'],
         args: argparse.Namespace) -> int:
    if not images:
        return 0
    with _progress(len(images)) as advance:
        return gallery.add(
            _counted(images, advance), args.batch_size,
            'skip' if args.skip_bad_images else 'raise')


def _progress(number: int) -> ContextManager[Callable[[int], None]]:
    try:
        from fusionreid_mm.sources.progress import progress_bar
    except ImportError:
        # It needs rich, without which exported models run too.
        return nullcontext(lambda done: None)
    return progress_bar(number, show=True)


def _counted(images: List['PersonImage'],
             advance: Callable[[int], None]) -> Iterator['PersonImage']:
    """Tells of each when the next one is asked for."""
    for number, image in enumerate(images, start=1):
        yield image
        advance(number)
