import argparse
import json
from typing import TYPE_CHECKING, Any, List, Sequence

from ..cameras import camera_of, camid_of
from ..gallery_options import add_gallery_arguments, gallery_options
from ..model_options import add_model_arguments, choose_model, load_model
from ..names import shown, with_absolute_names

if TYPE_CHECKING:
    from fusionreid_mm.apis import Gallery, Match
    from fusionreid_mm.sources import PersonImage

HELP = 'find the images of a gallery that look most like others'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'queries',
        nargs='+',
        metavar='query',
        help='images of whom to find, as "fusionreid index" takes them; they '
        'do not find themselves')
    add_gallery_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument(
        '--topk',
        type=int,
        default=10,
        metavar='K',
        help='how many images of each (default: %(default)s)')
    _add_filters(parser)
    parser.add_argument(
        '--html', metavar='FILE', help='write a page with the pictures')
    parser.add_argument(
        '--json', metavar='FILE', help='write what was found for programs')


def _add_filters(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('what may be found')
    group.add_argument(
        '--camera',
        type=camid_of,
        nargs='+',
        metavar='N',
        help='only images of these cameras, counted from 1')
    group.add_argument(
        '--not-camera',
        type=camid_of,
        nargs='+',
        default=[],
        metavar='N',
        help='no images of these cameras')
    group.add_argument(
        '--other-camera',
        action='store_true',
        help="no images of the query's own camera, which --query-camera or "
        '--camera-pattern tells')
    group.add_argument(
        '--start',
        type=float,
        metavar='SECONDS',
        help='only images taken at this time or later')
    group.add_argument(
        '--end',
        type=float,
        metavar='SECONDS',
        help='only images taken at this time or earlier')
    own = group.add_mutually_exclusive_group()
    own.add_argument(
        '--query-camera',
        type=camid_of,
        metavar='N',
        help='the camera of the queries, counted from 1')
    own.add_argument(
        '--camera-pattern',
        metavar='REGEX',
        help='how to find it in their names: see "fusionreid index"')


def run(args: argparse.Namespace) -> None:
    from fusionreid_mm.apis import Gallery
    check_outputs(args)
    queries = _queries(args)
    with Gallery.open(**gallery_options(args)) as gallery:
        gallery.use(load_model(choose_model(args, gallery.source), args))
        results = _search(gallery, queries, args)
        subtitle = f'{args.gallery}, {len(gallery)} images'
    _print(queries, results)
    if args.json is not None:
        write_json(args.json, queries, results)
    if args.html is not None:
        from ..search_page import write_page
        write_page(args.html, subtitle, queries, results)


def check_outputs(args: argparse.Namespace) -> None:
    """Raises:
        ImportError: If what writes a file is not installed.
        ValueError: If a file could not be written.
    """
    from fusionreid_mm.availability import has_mmengine
    if (args.html or args.json) and not has_mmengine():
        raise ImportError('--html and --json need MMEngine, which is not '
                          'installed: install all of fusionreid_mm')
    if args.html is not None:
        from fusionreid_mm.visualization.html_page import check_page_path
        check_page_path(args.html)
    if args.json is not None and not args.json.endswith('.json'):
        raise ValueError(f'--json {args.json}: the name must end with .json')


def _queries(args: argparse.Namespace) -> List['PersonImage']:
    from fusionreid_mm.sources import list_images
    queries = with_absolute_names(
        list_images(args.queries, camera_pattern=args.camera_pattern))
    if args.query_camera is None:
        return queries
    return [query._replace(camid=args.query_camera) for query in queries]


def _search(gallery: 'Gallery', queries: List['PersonImage'],
            args: argparse.Namespace) -> List[List['Match']]:
    """Of each query, the images that look most like it, but itself."""
    from fusionreid_mm.apis.gallery.gallery import MAX_TOPK

    # One more, for the query: a filter for each would be a request for each.
    is_more = 1 <= args.topk < MAX_TOPK
    results = gallery.search(
        queries,
        topk=args.topk + is_more,
        camids=args.camera,
        not_camids=args.not_camera,
        start=args.start,
        end=args.end,
        other_camera=args.other_camera)
    return [[match for match in matches
             if match.name != query.name][:args.topk]
            for query, matches in zip(queries, results)]


def _print(queries: Sequence['PersonImage'],
           results: Sequence[Sequence['Match']]) -> None:
    for query, matches in zip(queries, results):
        print(shown(query.name))
        if not matches:
            print('  nothing was found')
            continue
        print('  rank   score  camera      time  image')
        for rank, match in enumerate(matches, start=1):
            camera = _cell(camera_of(match.camid))
            print(f'  {rank:4}  {match.score:6.3f}  {camera:>6}  '
                  f'{_cell(match.time):>8}  {shown(match.name)}')


def _cell(value: Any) -> str:
    if value is None:
        return '-'
    return f'{value:.10g}'


def write_json(path: str, queries: Sequence['PersonImage'],
               results: Sequence[Sequence['Match']]) -> None:
    """A list of queries, each with its ``matches``, the best first."""
    from fusionreid_mm.checkpoint_io import write_atomically
    content = [
        dict(query._asdict(), matches=[match._asdict() for match in matches])
        for query, matches in zip(queries, results)
    ]
    text = json.dumps(content, indent=2, ensure_ascii=False) + '\n'
    write_atomically(path, text.encode())
