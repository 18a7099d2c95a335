import argparse
import os.path as osp
from typing import TYPE_CHECKING, List, Set

from ..gallery_options import add_gallery_arguments, gallery_options
from ..names import absolute

if TYPE_CHECKING:
    from fusionreid_mm.apis import Gallery

HELP = 'forget images of a gallery; their files stay'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'names',
        nargs='*',
        metavar='image',
        help='image files, or folders with all that is below them')
    add_gallery_arguments(parser)
    parser.add_argument(
        '--gone',
        action='store_true',
        help='forget images whose files are no longer there')


def run(args: argparse.Namespace) -> None:
    from fusionreid_mm.apis import Gallery
    if not args.names and not args.gone:
        raise ValueError('name the images to forget, or give --gone')
    with Gallery.open(**gallery_options(args)) as gallery:
        names = gallery.names()
        chosen: Set[str] = set()
        for name in args.names:
            chosen.update(_meant(name, names, gallery))
        if args.gone:
            chosen.update(filter(_is_gone, names))
        num_deleted = gallery.delete(sorted(chosen))
        print(f'{num_deleted} images were forgotten; {args.gallery} has '
              f'{len(gallery)}')


def _meant(name: str, names: List[str], gallery: 'Gallery') -> List[str]:
    if not name:
        # It would be the current folder.
        raise ValueError("an empty name '' is no image: is a variable unset? "
                         'Nothing was forgotten')
    path = absolute(name)
    # What was added from Python may have other names.
    folder, crops = osp.join(path, ''), f'{path}#'
    found = [
        known for known in names
        if known in (name, path) or known.startswith((folder, crops))
    ]
    if not found:
        raise ValueError(f'{name!r} is not in {gallery.uri}; nothing was '
                         'forgotten')
    return found


def _is_gone(name: str) -> bool:
    from fusionreid_mm.sources import is_crop
    if '://' in name:
        return False
    return not osp.exists(name.rpartition('#')[0] if is_crop(name) else name)
