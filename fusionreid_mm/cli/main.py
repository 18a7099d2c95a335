import argparse
import importlib
import logging
import os
import sys
from types import ModuleType
from typing import List, Optional, Sequence

from fusionreid_mm.availability import has_mmengine
from fusionreid_mm.version import __version__
from .aliases import ALIASES, run_tool

#: Modules of the folder ``commands``.
COMMANDS = ('index', 'search', 'list', 'delete', 'web')

# Of Milvus, what prints each error with a traceback before it is raised.
_LOGGERS = ('pymilvus.decorators', 'milvus_lite.adapter.grpc.servicer')

_DESCRIPTION = """FusionReID: find a person again.

  fusionreid index photographs/ --gallery people.db --model weights.pth
  fusionreid search somebody.jpg --gallery people.db --html found.html
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run ``fusionreid``.

    Args:
        arguments (Sequence[str], optional): Of the command line. None takes
            those of this process.

    Returns:
        int: The exit status: 0, 1 for an error that was told, 130 where it was
        interrupted. argparse exits with 2 where it does not understand the
        arguments.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in ALIASES:
        return run_tool(arguments[0], arguments[1:])
    parser = build_parser()
    args = parser.parse_args(arguments)
    if args.command in ALIASES:
        parser.error(f'{args.command} must come first: it has no --debug')
    if args.debug:
        return _run(args)
    try:
        return _run(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever was reading, such as head, has had enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if not _is_told(error):
            raise
        print(f'fusionreid: error: {_text(error)}', file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """Of all subcommands."""
    parser = argparse.ArgumentParser(
        prog='fusionreid',
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--version', action='version', version=f'fusionreid_mm {__version__}')
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show where in the program an error comes from')
    commands = parser.add_subparsers(
        title='commands', dest='command', required=True, metavar='COMMAND')
    for name in COMMANDS:
        module = _module(name)
        command = commands.add_parser(
            name, help=module.HELP, description=module.HELP)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    for name, text in ALIASES.items():
        commands.add_parser(name, help=text)
    return parser


def _module(name: str) -> ModuleType:
    return importlib.import_module(f'.commands.{name}', __package__)


def _run(args: argparse.Namespace) -> int:
    if has_mmengine():
        from fusionreid_mm.compat import install_shims
        install_shims()
    if not args.debug:
        for name in _LOGGERS:
            # pymilvus sets levels when it is imported, and leaves filters.
            logging.getLogger(name).addFilter(_is_no_error)
    args.run(args)
    sys.stdout.flush()
    return 0


def _is_no_error(record: logging.LogRecord) -> bool:
    return record.levelno < logging.ERROR


def _is_told(error: Exception) -> bool:
    """Whether it was raised to be read by a user."""
    of_milvus = type(error).__module__.startswith('pymilvus')
    return of_milvus or isinstance(error, (OSError, ValueError, ImportError))


def _text(error: Exception) -> str:
    # That of pymilvus has a code before it.
    text = str(getattr(error, 'message', error))
    lines: List[str] = text.strip().splitlines()
    return '\n  '.join(lines) or type(error).__name__
