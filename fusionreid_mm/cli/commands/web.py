import argparse
import sys

from ..gallery_options import add_gallery_arguments, gallery_options
from ..model_options import add_model_arguments, choose_model, load_model

HELP = 'serve a page on which people search a gallery by pictures'

_HOST = '127.0.0.1'

# This machine alone.
_LOCAL = (_HOST, 'localhost', '::1')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_gallery_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument(
        '--host',
        default=_HOST,
        metavar='NAME',
        help='interface to serve the page on; 0.0.0.0 lets everybody on the '
        'network search the gallery (default: %(default)s, this machine '
        'alone)')
    parser.add_argument(
        '--port',
        type=int,
        default=7860,
        help='0 takes any that is free (default: %(default)s)')
    parser.add_argument(
        '--topk',
        type=int,
        default=20,
        metavar='K',
        help='how many images to show at first (default: %(default)s)')
    parser.add_argument(
        '--threshold',
        type=float,
        metavar='SCORE',
        help='mark images with this score or more (default: that of an '
        'exported model, if it has one)')


def run(args: argparse.Namespace) -> None:
    from fusionreid_mm.apis import Gallery
    from fusionreid_mm.web import Searcher, check_serving, serving, told_to_end
    check_serving(args.host, args.port, args.topk)
    with Gallery.open(**gallery_options(args)) as gallery:
        inferencer = load_model(choose_model(args, gallery.source), args)
        searcher = Searcher(gallery, inferencer, args.threshold)
        with told_to_end() as ended, \
                serving(searcher, args.host, args.port, args.topk) as url:
            size = searcher.summary().size
            print(
                f'{size:,} images can be searched at {url} (Ctrl+C ends it)',
                flush=True)
            if args.host not in _LOCAL:
                print(
                    f'everybody who can reach {args.host} can search the '
                    'gallery: the page has no password',
                    file=sys.stderr)
            ended.wait()
