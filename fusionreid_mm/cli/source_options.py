import argparse


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """``--boxes`` and ``--camera-pattern``, for commands whose images are
    found by :func:`fusionreid_mm.sources.list_images`."""
    parser.add_argument(
        '--boxes',
        help='CSV file with the columns frame, x, y, width and height, where '
        'IMAGES is one video (default: the one of the same name beside it)')
    parser.add_argument(
        '--camera-pattern',
        metavar='REGEX',
        help='regular expression with a group for the number of the camera '
        r"in the names of files, counted from 1, as '_c(\d+)'")
