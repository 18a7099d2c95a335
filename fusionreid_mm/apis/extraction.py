"""Descriptors of many images, by any number of processes that may die."""
import os
import time
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Sequence, Tuple, Union

import numpy as np

from fusionreid_mm.sources import PersonImage, list_images
from fusionreid_mm.sources.image_items import check_options
from fusionreid_mm.sources.progress import progress_bar
from .feature_files import (Chunk, ExtractionJob, chunk_path, digest_of,
                            has_job, missing_chunks, read_chunk, read_job,
                            write_chunk, write_job)
from .job_locks import JobLocks

_LOCKS = 'job.lock'

# Seconds until a process that has nothing to do looks again whether the others
# have done the rest, or died.
_PAUSE = 0.2

_PathLike = Union[str, 'os.PathLike[str]']


class _Work(NamedTuple):
    """What each process of a job knows."""
    inferencer: Any
    images: Sequence[PersonImage]
    folder: Path
    job: ExtractionJob
    batch_size: int
    on_bad_image: str


def extract_features(inferencer: Any,
                     images: Any,
                     folder: _PathLike,
                     batch_size: int = 32,
                     chunk_size: int = 512,
                     on_bad_image: str = 'raise',
                     show_progress: bool = False) -> ExtractionJob:
    """Write the descriptors of images into a folder, a file for each chunk.

    Any number of processes may do this at once with the same arguments, on one
    machine or several that share the folder: each takes a chunk that is
    neither there nor being done by another. A file is there whole or not at
    all, so a job that was killed at any moment, in any of its processes, goes
    on with what is missing when it is started again. The function returns when
    the whole job is done, whoever did it.

    Args:
        inferencer (ReIDInferencer): What describes the images.
        images: What :func:`.list_images` takes.
        folder (str | PathLike): Where to write. It is made if need be.
        batch_size (int): Images at a time; also of what they share their
            rounding with, so that each process should have the same. Defaults
            to 32.
        chunk_size (int): Images in a file. Defaults to 512.
        on_bad_image (str): As of :meth:`.ReIDInferencer.stream`. What is
            skipped is listed in the files.
        show_progress (bool): Whether to draw a progress bar, where there is a
            terminal. Defaults to False.

    Returns:
        ExtractionJob: What was done.

    Raises:
        FileNotFoundError: If there is no such image.
        UnreadableImageError: If one cannot be read.
        ValueError: If there are no images, or the folder has the features of
            other images, or by another model.
    """
    if chunk_size < 1:
        raise ValueError(f'chunk_size must be at least 1: got {chunk_size}')
    check_options(batch_size, on_bad_image)
    images = list_images(images)
    job = ExtractionJob(inferencer.fingerprint, inferencer.descriptor_size,
                        len(images), digest_of(images), chunk_size)
    work = _Work(inferencer, images, Path(folder), job, batch_size,
                 on_bad_image)
    work.folder.mkdir(parents=True, exist_ok=True)
    with JobLocks(work.folder / _LOCKS) as locks, \
            progress_bar(len(images), show_progress) as advance:
        with locks.whole_job():
            _join(work)
        while missing := missing_chunks(folder, job):
            num_before = job.num_chunks - len(missing)
            for num_passed in _pass_through(work, missing, locks):
                done = (num_before + num_passed) * chunk_size
                advance(min(done, len(images)))
            time.sleep(_PAUSE)
    return job


def read_features(
        folder: _PathLike) -> Iterator[Tuple[List[PersonImage], np.ndarray]]:
    """What :func:`extract_features` wrote, file after file.

    Args:
        folder (str | PathLike): Of the job.

    Returns:
        Iterator: The images of each file and their descriptors (N, D), not
        normalised. Together in the order of the list, without what was
        skipped.

    Raises:
        FileNotFoundError: If there is no job in the folder.
        ValueError: If the job is not finished, or a file is damaged.
    """
    job = read_job(folder)
    missing = missing_chunks(folder, job)
    if missing:
        raise ValueError(
            f'the extraction into {folder} is not finished, {len(missing)} of '
            f'{job.num_chunks} files are missing: start it again with the '
            'same arguments')
    return _chunks(Path(folder), job)


def left_out(folder: _PathLike) -> List[str]:
    """The names of what was skipped since it could not be read.

    Raises:
        FileNotFoundError: If there is no job in the folder, or a file of it is
            missing.
        ValueError: If a file is damaged.
    """
    job = read_job(folder)
    return [
        name for index in range(job.num_chunks)
        for name in read_chunk(chunk_path(folder, index), job).left_out
    ]


def _chunks(
        folder: Path,
        job: ExtractionJob) -> Iterator[Tuple[List[PersonImage], np.ndarray]]:
    for index in range(job.num_chunks):
        chunk = read_chunk(chunk_path(folder, index), job)
        yield chunk.images, chunk.features


def _join(work: _Work) -> None:
    """Begin the job, or make sure that it is the same one."""
    if not has_job(work.folder):
        write_job(work.folder, work.job)
        return
    other = read_job(work.folder)
    reasons = {
        'fingerprint': 'it is by another model, or by other transforms',
        'num_images': f'it is of {other.num_images} images, and these are '
        f'{work.job.num_images}',
        'images': 'other images are listed, or in another order, or with '
        'other cameras or times',
        'chunk_size': f'its chunk_size is {other.chunk_size}',
    }
    for name, reason in reasons.items():
        if getattr(other, name) != getattr(work.job, name):
            raise ValueError(
                f'there is another job in {work.folder}: {reason}. Take '
                'another folder, or the same arguments to go on')


def _pass_through(work: _Work, missing: List[int],
                  locks: JobLocks) -> Iterator[int]:
    """Do those of the missing chunks that nobody does, in their order. Yields
    after each how many of them are there or being done."""
    for number, index in enumerate(missing, start=1):
        with locks.part(index) as is_mine:
            # Another process may have finished it since.
            path = chunk_path(work.folder, index)
            if is_mine and not path.is_file():
                write_chunk(path, work.job, _describe(work, index))
        yield number


def _describe(work: _Work, index: int) -> Chunk:
    start = index * work.job.chunk_size
    images = work.images[start:start + work.job.chunk_size]
    described: List[PersonImage] = []
    features = [np.zeros((0, work.job.descriptor_size), np.float32)]
    for batch, descriptors in work.inferencer.stream(
            images, batch_size=work.batch_size,
            on_bad_image=work.on_bad_image):
        described += batch
        features.append(descriptors)
    found = set(described)
    return Chunk(described, np.concatenate(features),
                 [image.name for image in images if image not in found])
