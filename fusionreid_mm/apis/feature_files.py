"""The files of a job of extraction: ``job.json`` says what it is, and a file
``.npz`` for each chunk of the images has their descriptors."""
import hashlib
import io
import json
import math
import os
import zipfile
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Union

import numpy as np

from fusionreid_mm.checkpoint_io import write_atomically
from fusionreid_mm.sources import PersonImage

_JOB = 'job.json'

# Changes when an older program would misread the files.
_VERSION = 1

_PathLike = Union[str, 'os.PathLike[str]']


class ExtractionJob(NamedTuple):
    """What is extracted by what.

    Attributes:
        fingerprint: Of the inferencer.
        descriptor_size: Length of a descriptor.
        num_images: How many there are.
        images: The :func:`digest_of` them.
        chunk_size: How many go into one file.
    """
    fingerprint: str
    descriptor_size: int
    num_images: int
    images: str
    chunk_size: int

    @property
    def num_chunks(self) -> int:
        return math.ceil(self.num_images / self.chunk_size)


class Chunk(NamedTuple):
    """What is in a file.

    Attributes:
        images: In their order, without those left out.
        features: (N, D), not normalised.
        left_out: The names of what could not be read.
    """
    images: List[PersonImage]
    features: np.ndarray
    left_out: List[str]


def digest_of(images: Sequence[PersonImage]) -> str:
    """SHA-256 of names, cameras and times, in hexadecimal."""
    digest = hashlib.sha256()
    for image in images:
        # Also of names that are no text, and of NumPy's numbers.
        text = json.dumps(image, default=lambda number: number.item())
        digest.update(text.encode())
    return digest.hexdigest()


def write_job(folder: _PathLike, job: ExtractionJob) -> None:
    content = dict(version=_VERSION, **job._asdict())
    text = json.dumps(content, indent=2) + '\n'
    write_atomically(Path(folder, _JOB), text.encode())


def has_job(folder: _PathLike) -> bool:
    return Path(folder, _JOB).is_file()


def read_job(folder: _PathLike) -> ExtractionJob:
    """What is extracted into a folder.

    Raises:
        FileNotFoundError: If there is no job.
        ValueError: If it is of another version, or no such file.
    """
    path = Path(folder, _JOB)
    if not path.is_file():
        raise FileNotFoundError(f'there are no features in {str(folder)!r}: '
                                f'it has no {_JOB}')
    try:
        content: Dict = json.loads(path.read_text(encoding='utf-8'))
        version = content.pop('version')
        if version != _VERSION:
            raise ValueError(f'its version is {version}, not {_VERSION}')
        return ExtractionJob(**content)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f'{path} is no job of extraction: {error}') from error


def chunk_path(folder: _PathLike, index: int) -> Path:
    return Path(folder, f'features_{index:06d}.npz')


def missing_chunks(folder: _PathLike, job: ExtractionJob) -> List[int]:
    """Those of the job that have no file yet."""
    there = set(os.listdir(folder))
    return [
        index for index in range(job.num_chunks)
        if chunk_path(folder, index).name not in there
    ]


def write_chunk(path: Path, job: ExtractionJob, chunk: Chunk) -> None:
    names = [image.name for image in chunk.images]
    camids = [
        -1 if image.camid is None else image.camid for image in chunk.images
    ]
    times = [
        math.nan if image.time is None else image.time
        for image in chunk.images
    ]
    with io.BytesIO() as buffer:
        np.savez(
            buffer,
            fingerprint=np.array(job.fingerprint),
            names=np.array(names, dtype=str),
            camids=np.array(camids, dtype=np.int64),
            times=np.array(times, dtype=np.float64),
            features=chunk.features,
            left_out=np.array(chunk.left_out, dtype=str))
        write_atomically(path, buffer.getvalue())


def read_chunk(path: Path, job: ExtractionJob) -> Chunk:
    """
    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged, or of another model; the message names
            the file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            content = dict(file)
        rows = zip(content['names'].tolist(), content['camids'].tolist(),
                   content['times'].tolist())
        images = [
            PersonImage(name, None if camid < 0 else camid,
                        None if math.isnan(time) else time)
            for name, camid, time in rows
        ]
        chunk = Chunk(images, content['features'],
                      content['left_out'].tolist())
        expected = (len(images), job.descriptor_size)
        if chunk.features.shape != expected:
            raise ValueError(f'it has features {chunk.features.shape}, not '
                             f'{expected}')
        if str(content['fingerprint']) != job.fingerprint:
            raise ValueError('it is of another model than the job')
    except FileNotFoundError:
        raise
    except (OSError, EOFError, ValueError, TypeError, KeyError,
            zipfile.BadZipFile) as error:
        raise ValueError(
            f'{path} is no whole file of features ({error}): delete it, and '
            'start the extraction again') from error
    return chunk
