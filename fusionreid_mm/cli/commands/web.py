import argparse

from ..gallery_options import add_gallery_arguments, gallery_options
from ..model_options import add_model_arguments, choose_model, load_model

HELP = 'serve a page on which people search a gallery by pictures'

# Of this machine alone.
_HOST = '127.0.0.1'


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
    from fusionreid_mm.web import (Searcher, check_address, serving,
                                   told_to_end)
    check_address(args.host, args.port)
    with Gallery.open(**gallery_options(args)) as gallery:
        inferencer = load_model(choose_model(args, gallery.source), args)
        searcher = Searcher(gallery, inferencer, args.threshold)
        with told_to_end() as ended, \
                serving(searcher, args.host, args.port, args.topk) as url:
            size = searcher.summary().size
            print(
                f'{size:,} images can be searched at {url} (Ctrl+C ends it)',
                flush=True)
            ended.wait()
