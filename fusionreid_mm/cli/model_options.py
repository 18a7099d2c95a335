"""Which model a subcommand describes images with."""
import argparse
import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from fusionreid_mm.apis import ModelSource

_MODEL, _WEIGHTS = 'FUSIONREID_MODEL', 'FUSIONREID_WEIGHTS'


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--model',
        help='checkpoint, exported model (.fusionreid), config file, or name '
        'that "fusionreid list" shows (default: the one that the gallery '
        f'remembers, or {_MODEL} of the environment)')
    parser.add_argument(
        '--weights',
        help='checkpoint, where the model is a config or a name (default with '
        f'the model from the environment: {_WEIGHTS})')
    parser.add_argument(
        '--device', help='where to run, as cuda:0 (default: what there is)')


def choose_model(args: argparse.Namespace,
                 remembered: Optional['ModelSource']) -> 'ModelSource':
    """The command line goes before the gallery, and that before the
    environment.

    Raises:
        FileNotFoundError: If its files are not there.
        ValueError: If none is named, or it has no weights.
    """
    from fusionreid_mm.apis import ModelSource
    if args.model is not None:
        return checked_source(ModelSource(args.model, args.weights), '--model')
    if args.weights is not None:
        raise ValueError('--weights are of a config: give it as --model')
    if remembered is not None:
        return checked_source(
            remembered, 'the model that the gallery remembers; tell with '
            '--model and --weights where it is now')
    if _MODEL in os.environ:
        return checked_source(
            ModelSource(os.environ[_MODEL], os.environ.get(_WEIGHTS)), _MODEL)
    raise ValueError('a new gallery needs a model to describe images with: '
                     f'give --model, or set {_MODEL}')


def load_model(source: 'ModelSource', args: argparse.Namespace) -> Any:
    from fusionreid_mm.apis import ReIDInferencer

    # MMEngine tells there what it loads.
    with redirect_stdout(sys.stderr):
        return ReIDInferencer(*source, device=args.device)


def checked_source(source: 'ModelSource', origin: str) -> 'ModelSource':
    """With absolute paths, so that it is found from other folders too.

    Raises:
        FileNotFoundError: If its files are not there; the message tells their
            origin.
        ValueError: If it has no weights.
    """
    from fusionreid_mm.apis import ModelSource
    model, weights = map(_located, source)
    for path in (model, weights):
        if path and _is_path(path) and not os.path.exists(path):
            raise FileNotFoundError(f'there is no {path!r}, {origin}')
    if weights is None and not _has_weights(model):
        raise ValueError(
            f'{source.model} is a model without weights, which would describe '
            'images at random: give --weights, a checkpoint of it')
    return ModelSource(model, weights)


def _located(path: Optional[str]) -> Any:
    is_there = path is not None and os.path.exists(path)
    return os.path.abspath(str(path)) if is_there else path


def _is_path(name: str) -> bool:
    suffix = os.path.splitext(name)[1]
    return '://' not in name and (os.sep in name or bool(suffix))


def _has_weights(model: str) -> bool:
    from fusionreid_mm.availability import has_mmengine
    if os.path.exists(model):
        return not model.endswith('.py')
    if not has_mmengine():
        return False
    from fusionreid_mm.apis.metafile import find_model
    return find_model(model)[1] is not None
