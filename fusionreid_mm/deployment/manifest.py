"""What is known of an exported model, and the JSON that says it."""
import math
from typing import Any, Dict, NamedTuple, Optional, Tuple

from .preprocessing import INTERPOLATIONS, Preprocessing

#: The precisions in which an exported model may compute.
PRECISIONS = ('float32', 'float16')

_FORMAT = 'fusionreid_mm bundle'

# Changes when an older program would misread a bundle.
_VERSION = 1

# More pixels than this are no image of a person.
_LARGEST_SIDE = 4096

_HEX_DIGITS = frozenset('0123456789abcdef')


class Normalization(NamedTuple):
    """How the graph turns 8-bit colours into numbers: those who use it have
    nothing to do.

    Attributes:
        reverses_colors: Whether blue, green, red become red, green, blue
            first.
        mean: What is subtracted then, of each channel. Empty: nothing.
        std: By what it is divided.
    """
    reverses_colors: bool
    mean: Tuple[float, ...]
    std: Tuple[float, ...]


class Threshold(NamedTuple):
    """When two images are taken for the same person, as it was measured.

    Attributes:
        metric: ``'cosine'``: with a similarity of ``value`` or more;
            ``'euclidean'``: with a distance of ``value`` or less.
        value: The threshold.
        allowed_far: The false accept rate for which it was chosen. None: for
            the equal error rate.
        far: False accept rate that was measured, a fraction.
        tar: True accept rate that was measured, a fraction.
    """
    metric: str
    value: float
    allowed_far: Optional[float]
    far: float
    tar: float


class Manifest(NamedTuple):
    """What is known of an exported model.

    Attributes:
        fingerprint: Of the model it was exported from
            (:attr:`.ReIDInferencer.fingerprint`), or, where it was told
            cameras and is not any more, another one.
        preprocessing: From an image to ``images`` of the graph.
        normalization: What the graph does to them.
        num_cameras: Camera ids that ``camids`` of the graph may be; with 0,
            the graph has no such input.
        columns: First column of each embedding in the descriptor, and the one
            after its last.
        precision: ``'float32'`` or ``'float16'``; inputs and outputs are the
            same.
        threshold: If one was given.
        versions: Of what exported it, by the name of the library.
    """
    fingerprint: str
    preprocessing: Preprocessing
    normalization: Normalization
    num_cameras: int
    columns: Dict[str, Tuple[int, int]]
    precision: str
    threshold: Optional[Threshold]
    versions: Dict[str, str]

    @property
    def descriptor_size(self) -> int:
        """D."""
        return max(end for _, end in self.columns.values())


def to_json(manifest: Manifest) -> Dict[str, Any]:
    """A manifest as what JSON can say, with words for those who read it."""
    height, width = manifest.preprocessing[:2]
    inputs: Dict[str, Dict[str, Any]] = dict(
        images=dict(
            dtype='uint8',
            shape=['batch', 3, height, width],
            colors='blue, green, red'))
    if manifest.num_cameras:
        inputs['camids'] = dict(
            dtype='int64',
            shape=['batch'],
            unknown=-1,
            largest=manifest.num_cameras - 1)
    threshold = manifest.threshold
    return dict(
        format=_FORMAT,
        version=_VERSION,
        fingerprint=manifest.fingerprint,
        inputs=inputs,
        preprocessing=manifest.preprocessing._asdict(),
        normalization=dict(
            manifest.normalization._asdict(), where='in the graph'),
        num_cameras=manifest.num_cameras,
        descriptor=dict(
            dtype='float32',
            shape=['batch', manifest.descriptor_size],
            normalized=False,
            columns=manifest.columns),
        precision=manifest.precision,
        threshold=None if threshold is None else threshold._asdict(),
        versions=manifest.versions)


def from_json(content: Any) -> Manifest:
    """Read what :func:`to_json` gave.

    Raises:
        ValueError: If it is something else; the message names the key.
    """
    if not isinstance(content, dict) or content.get('format') != _FORMAT:
        raise ValueError(f'it does not say "format": "{_FORMAT}"')
    if content.get('version') != _VERSION:
        raise ValueError(
            f'it is of version {content.get("version")!r}, and this program '
            f'reads version {_VERSION}: export the model again, or update '
            'fusionreid_mm')
    manifest = Manifest(
        fingerprint=take(content, 'fingerprint', str),
        preprocessing=_preprocessing(take(content, 'preprocessing', dict)),
        normalization=_normalization(take(content, 'normalization', dict)),
        num_cameras=take(content, 'num_cameras', int),
        columns=_columns(take(content, 'descriptor', dict)),
        precision=take(content, 'precision', str),
        threshold=_threshold(take(content, 'threshold', dict, type(None))),
        versions={
            str(name): str(version)
            for name, version in take(content, 'versions', dict).items()
        })
    check(
        'fingerprint', manifest.fingerprint,
        len(manifest.fingerprint) >= 16
        and set(manifest.fingerprint) <= _HEX_DIGITS)
    check('num_cameras', manifest.num_cameras, manifest.num_cameras >= 0)
    check('precision', manifest.precision, manifest.precision in PRECISIONS)
    return manifest


def take(content: Dict[str, Any], key: str, *kinds: type) -> Any:
    """The value of a key, which must be of one of some types.

    Raises:
        ValueError: If it is not there, or of another type.
    """
    if key not in content:
        raise ValueError(f'there is no {key!r}')
    value = content[key]
    # True is a number in Python, and not in JSON.
    check(
        key, value,
        isinstance(value, kinds)
        and (bool in kinds or not isinstance(value, bool)))
    return value


def check(key: str, value: Any, is_right: bool) -> None:
    """Refuse the value of a key with an error that names both."""
    if not is_right:
        raise ValueError(f'{key!r} cannot be {value!r}')


def check_preprocessing(preprocessing: Preprocessing) -> Preprocessing:
    """Refuse what cannot be done to an image.

    Raises:
        ValueError: If it cannot.
    """
    height, width, interpolation, backend = preprocessing
    for name, side in (('height', height), ('width', width)):
        check(name, side, 1 <= side <= _LARGEST_SIDE)
    check('backend', backend, backend in INTERPOLATIONS)
    check('interpolation', interpolation, interpolation
          in INTERPOLATIONS[backend])
    return preprocessing


def _preprocessing(content: Dict[str, Any]) -> Preprocessing:
    return check_preprocessing(
        Preprocessing(
            height=take(content, 'height', int),
            width=take(content, 'width', int),
            interpolation=take(content, 'interpolation', str),
            backend=take(content, 'backend', str)))


def _normalization(content: Dict[str, Any]) -> Normalization:
    mean, std = (_numbers(content, key) for key in ('mean', 'std'))
    return Normalization(take(content, 'reverses_colors', bool), mean, std)


def _numbers(content: Dict[str, Any], key: str) -> Tuple[float, ...]:
    numbers = take(content, key, list)
    check(key, numbers, all(type(item) in (int, float) for item in numbers))
    return tuple(map(float, numbers))


def _columns(content: Dict[str, Any]) -> Dict[str, Tuple[int, int]]:
    columns = {}
    last = 0
    for name, ends in take(content, 'columns', dict).items():
        # They follow one another without a gap.
        check(
            name, ends,
            isinstance(ends, list) and len(ends) == 2
            and all(type(end) is int for end in ends)
            and ends[0] == last < ends[1])
        columns[str(name)] = (ends[0], ends[1])
        last = ends[1]
    check('columns', columns, bool(columns))
    return columns


def _threshold(content: Optional[Dict[str, Any]]) -> Optional[Threshold]:
    if content is None:
        return None
    number = (int, float)
    threshold = Threshold(
        metric=take(content, 'metric', str),
        value=float(take(content, 'value', *number)),
        allowed_far=take(content, 'allowed_far', *number, type(None)),
        far=float(take(content, 'far', *number)),
        tar=float(take(content, 'tar', *number)))
    check('metric', threshold.metric, threshold.metric
          in ('cosine', 'euclidean'))
    check('threshold', threshold.value, math.isfinite(threshold.value))
    return threshold
