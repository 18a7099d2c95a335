"""Which gallery a subcommand is about."""
import argparse
import os
from typing import Any, Dict

# A token on a command line would be seen by everybody on the machine.
_TOKEN = 'FUSIONREID_TOKEN'


def add_gallery_arguments(parser: argparse.ArgumentParser,
                          required: bool = True) -> None:
    parser.add_argument(
        '--gallery',
        required=required,
        metavar='URI',
        help='path that ends with .db (Milvus Lite), or address of a Milvus '
        f'server, to which the token in {_TOKEN} gives access, if it is set')
    parser.add_argument(
        '--collection',
        default='gallery',
        metavar='NAME',
        help='one of several galleries at that place (default: gallery)')
    parser.add_argument(
        '--database',
        metavar='NAME',
        help='of the Milvus server (default: its default)')


def gallery_options(args: argparse.Namespace) -> Dict[str, Any]:
    """Arguments of :class:`fusionreid_mm.apis.Gallery`."""
    options = dict(
        uri=args.gallery,
        collection=args.collection,
        token=os.environ.get(_TOKEN),
        db_name=args.database)
    return {name: value for name, value in options.items() if value}
