"""The files that a test leaves behind: results query by query, thresholds.

Results are an ``.npz`` file of plain arrays, which NumPy reads without
unpickling anything; thresholds are JSON. Shapes: Q queries, G gallery images,
D channels, k nearest images of each query.
"""
import json
import math
import os
import zipfile
from os import PathLike
from pathlib import Path
from typing import (Any, Callable, Dict, List, NamedTuple, Optional, Tuple,
                    Union)

import numpy as np

from .functional import METRICS, OperatingPoint, VerificationResult

# Changes when an older program would misread a file.
_VERSION = 1

_PathLike = Union[str, PathLike]

# When two images are taken for the same person.
_ACCEPTED = {
    'cosine': 'similarity >= threshold',
    'euclidean': 'distance <= threshold',
}


class QueryResults(NamedTuple):
    """What a test found out about each query.

    Attributes:
        metric: How features were compared, ``'cosine'`` or ``'euclidean'``.
        query_paths: (Q, ) image files.
        query_pids: (Q, ) who they show.
        query_camids: (Q, ) by which camera.
        gallery_paths: (G, ) image files.
        gallery_pids: (G, ) who they show.
        gallery_camids: (G, ) by which camera.
        ap: (Q, ) average precision; NaN without a match in the gallery.
        inp: (Q, ) inverse negative penalty; likewise.
        first_match_rank: (Q, ) from 1; -1 without a match.
        nearest: (Q, k) rows of the gallery, from the nearest on, without the
            query's person by the query's camera; -1 where there are no more.
        nearest_scores: (Q, k) their cosine similarities or Euclidean
            distances; NaN where there are no more.
        query_features: (Q, D), if they were to be kept.
        gallery_features: (G, D), likewise.
    """
    metric: str
    query_paths: np.ndarray
    query_pids: np.ndarray
    query_camids: np.ndarray
    gallery_paths: np.ndarray
    gallery_pids: np.ndarray
    gallery_camids: np.ndarray
    ap: np.ndarray
    inp: np.ndarray
    first_match_rank: np.ndarray
    nearest: np.ndarray
    nearest_scores: np.ndarray
    query_features: Optional[np.ndarray] = None
    gallery_features: Optional[np.ndarray] = None


# Of each array: what its dtype is, and the letters of its shape.
_COLUMNS = {
    'query_paths': ('U', 'Q'),
    'query_pids': ('i', 'Q'),
    'query_camids': ('i', 'Q'),
    'gallery_paths': ('U', 'G'),
    'gallery_pids': ('i', 'G'),
    'gallery_camids': ('i', 'G'),
    'ap': ('f', 'Q'),
    'inp': ('f', 'Q'),
    'first_match_rank': ('i', 'Q'),
    'nearest': ('i', 'Qk'),
    'nearest_scores': ('f', 'Qk'),
    'query_features': ('f', 'QD'),
    'gallery_features': ('f', 'GD'),
}

_FEATURES = ('query_features', 'gallery_features')


def save_results(path: _PathLike, results: QueryResults) -> None:
    """Write results to an ``.npz`` file, which ``numpy.load`` reads too.

    Args:
        path (str | PathLike): The file. Its folder is made if need be.
        results (QueryResults): What to write.

    Raises:
        ValueError: If the name does not end with ``.npz``, or the arrays do
            not fit together.
    """
    path = Path(path)
    if path.suffix != '.npz':
        raise ValueError(f'{path}: the name of results must end with .npz')
    columns = {
        name: np.asarray(column)
        for name, column in results._asdict().items() if column is not None
    }
    _check(columns, 'these results')
    path.parent.mkdir(parents=True, exist_ok=True)
    # Features can hardly be compressed, paths and ids can.
    has_features = any(name in columns for name in _FEATURES)
    save: Callable = np.savez if has_features else np.savez_compressed
    save(path, version=np.array(_VERSION), **columns)


def load_results(path: _PathLike) -> QueryResults:
    """Read what :func:`save_results` wrote. Nothing is unpickled.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no file of results {str(path)!r}')
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = dict(file)
    except (ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path} is no .npz file of results: {error}') \
            from error
    version = columns.pop('version', None)
    if version is None or version != _VERSION:
        raise ValueError(
            f'{path} is no file of results of version {_VERSION}: its version '
            f'is {version}, its entries are {sorted(columns)}')
    _check(columns, str(path))
    columns['metric'] = str(columns['metric'])
    return QueryResults(**columns)


def match_queries(first: QueryResults, second: QueryResults) -> np.ndarray:
    """The rows of the second results at which the queries of the first are.

    Images are recognised by their paths below the folder that all queries, or
    all gallery images, have in common. So the data may lie elsewhere.

    Raises:
        ValueError: If the two tests did not have the same queries and the same
            gallery.
    """
    _match_images(
        _columns(first, 'gallery'), _columns(second, 'gallery'), 'gallery')
    return _match_images(
        _columns(first, 'query'), _columns(second, 'query'), 'query')


def _columns(results: QueryResults, role: str) -> List[np.ndarray]:
    return [
        getattr(results, f'{role}_{name}')
        for name in ('paths', 'pids', 'camids')
    ]


def _match_images(first: List[np.ndarray], second: List[np.ndarray],
                  role: str) -> np.ndarray:
    names, other_names = (_names(paths) for paths, *_ in (first, second))
    # Stable: an image that is listed twice is matched in order.
    order, other_order = (
        np.argsort(column, kind='stable') for column in (names, other_names))
    if not np.array_equal(names[order], other_names[other_order]):
        only = np.setdiff1d(names, other_names)
        only_other = np.setdiff1d(other_names, names)
        example = [*only, *only_other, 'one that is listed more often'][0]
        raise ValueError(
            f'the results are not of the same {role} images: of {len(names)} '
            f'and {len(other_names)}, {len(only)} are only in the first and '
            f'{len(only_other)} only in the second, as {example}')
    rows = np.empty_like(order)
    rows[order] = other_order
    differs = np.any(
        [own != other[rows] for own, other in zip(first[1:], second[1:])],
        axis=0)
    if differs.any():
        raise ValueError(
            f'{differs.sum()} {role} images have another pid or camid in the '
            f'second results, as {names[differs][0]}')
    return rows


def _names(paths: np.ndarray) -> np.ndarray:
    """The paths below the folder that they have in common."""
    parts = [path.replace('\\', '/').split('/') for path in paths.tolist()]
    common = len(os.path.commonprefix([part[:-1] for part in parts]))
    return np.array(['/'.join(part[common:]) for part in parts], dtype=str)


def _check(columns: Dict[str, np.ndarray], source: str) -> None:
    """Refuse arrays that are missing, of another kind, or of lengths that do
    not fit together."""
    if str(columns.get('metric')) not in METRICS:
        raise ValueError(f'{source}: metric must be one of {METRICS}: got '
                         f'{columns.get("metric")}')
    optional = {'metric', *QueryResults._field_defaults}
    if missing := set(_COLUMNS) - set(columns) - optional:
        raise ValueError(f'{source}: there is no {sorted(missing)}')
    if unknown := set(columns) - set(_COLUMNS) - optional:
        raise ValueError(f'{source}: nobody knows {sorted(unknown)}')
    lengths: Dict[str, int] = {}
    for name, (kind, letters) in _COLUMNS.items():
        if name not in columns:
            continue
        column = columns[name]
        shape = tuple(
            lengths.setdefault(letter, length)
            for letter, length in zip(letters, column.shape))
        if column.dtype.kind != kind or column.shape != shape or \
                column.ndim != len(letters):
            known = ', '.join(f'{k} = {v}' for k, v in lengths.items())
            raise ValueError(
                f'{source}: {name} must be ({", ".join(letters)}) of kind '
                f'{kind!r}, with {known}: got {column.dtype} of shape '
                f'{column.shape}')


def save_thresholds(path: _PathLike, result: VerificationResult,
                    metric: str) -> None:
    """Write the thresholds of a verification to a JSON file.

    Args:
        path (str | PathLike): The file. Its folder is made if need be.
        result (VerificationResult): What was measured.
        metric (str): By which metric, ``'cosine'`` or ``'euclidean'``.
    """
    content = dict(
        metric=metric,
        same_person_if=_ACCEPTED[metric],
        num_genuine=result.num_genuine,
        num_impostor=result.num_impostor,
        eer=dict(rate=result.eer, **_entry(result.eer_point)),
        tar_at_far=[
            dict(allowed_far=far, **_entry(point))
            for far, point in result.tar_at_far.items()
        ])
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def load_thresholds(path: _PathLike) -> Tuple[VerificationResult, str]:
    """Read what :func:`save_thresholds` wrote.

    Returns:
        tuple: The result and the metric.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is something else.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'there is no file of thresholds {str(path)!r}')
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        metric = content['metric']
        if content['same_person_if'] != _ACCEPTED[metric]:
            raise ValueError(content['same_person_if'])
        result = VerificationResult(
            tar_at_far={
                float(entry['allowed_far']): _point(entry)
                for entry in content['tar_at_far']
            },
            eer=float(content['eer']['rate']),
            eer_point=_point(content['eer']),
            num_genuine=int(content['num_genuine']),
            num_impostor=int(content['num_impostor']))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} is no file of thresholds: {error!r}') \
            from error
    return result, metric


def _entry(point: OperatingPoint) -> Dict[str, Optional[float]]:
    # JSON has no NaN.
    threshold = None if math.isnan(point.threshold) else point.threshold
    return dict(threshold=threshold, far=point.far, tar=point.tar)


def _point(entry: Dict[str, Any]) -> OperatingPoint:
    threshold = entry['threshold']
    return OperatingPoint(
        threshold=math.nan if threshold is None else float(threshold),
        far=float(entry['far']),
        tar=float(entry['tar']))
