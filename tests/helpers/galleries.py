"""Galleries whose answers are known, and the processes that keep them."""
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np

from fusionreid_mm.apis import Match
from fusionreid_mm.sources import PersonImage
from .interrupted import free_port

SIZE = 6


class NamedModel(NamedTuple):
    """Describes an image by its name alone."""
    fingerprint: str = 'f00d'
    descriptor_size: int = SIZE

    def __call__(self, images: Sequence[PersonImage], **kwargs) -> np.ndarray:
        return np.stack([self.describe(image) for image in images])

    def stream(self,
               images: Any,
               batch_size: int = 32,
               on_bad_image: str = 'raise') -> Iterator[tuple]:
        batch: List[PersonImage] = []
        for image in images:
            batch.append(image)
            if len(batch) == batch_size:
                yield batch, self(batch)
                batch = []
        if batch:
            yield batch, self(batch)

    def describe(self, image: PersonImage) -> np.ndarray:
        rng = np.random.default_rng(list(image.name.encode()))
        return 5 * rng.standard_normal(self.descriptor_size)


def some_images(number: int = 60, prefix: str = '') -> List[PersonImage]:
    """Some have a camera, some a time, some both or nothing."""
    return [
        PersonImage(f'{prefix}{i}.jpg', None if i % 4 == 3 else i % 4,
                    None if i % 3 == 0 else i / 2) for i in range(number)
    ]


def search_naively(
    model: NamedModel,
    images: Sequence[PersonImage],
    query: PersonImage,
    topk: int,
    camids: Optional[Sequence[int]] = None,
    not_camids: Sequence[int] = (),
    start: Optional[float] = None,
    end: Optional[float] = None,
    exclude: Sequence[str] = ()) -> List[Match]:
    """What a gallery of these images must find."""
    found = []
    wanted = model.describe(query)
    for image in images:
        if camids is not None and image.camid not in camids:
            continue
        if image.camid in not_camids or image.name in exclude:
            continue
        if start is not None and (image.time is None or image.time < start):
            continue
        if end is not None and (image.time is None or image.time > end):
            continue
        other = model.describe(image)
        score = wanted @ other / np.sqrt(wanted @ wanted * (other @ other))
        found.append(Match(image.name, score, image.camid, image.time))
    return sorted(found, key=lambda match: -match.score)[:topk]


def assert_same_matches(found: Sequence[Match],
                        expected: Sequence[Match]) -> None:
    assert [match._replace(score=0) for match in found
            ] == [match._replace(score=0) for match in expected]
    np.testing.assert_allclose([match.score for match in found],
                               [match.score for match in expected],
                               atol=1e-5)


@contextmanager
def milvus_server(folder: Path) -> Iterator[str]:
    """The address of a Milvus server in a process of its own."""
    port = free_port()
    log = folder.with_suffix('.log')
    command = [
        sys.executable, '-m', 'milvus_lite', 'server', '--data-dir',
        str(folder), '--port',
        str(port)
    ]
    with open(log, 'w') as console, subprocess.Popen(
            command, stdout=console, stderr=console) as process:
        try:
            _wait_for(f'http://127.0.0.1:{port}', process, log)
            yield f'http://127.0.0.1:{port}'
        finally:
            process.terminate()


def _wait_for(uri: str, process: subprocess.Popen, log: Path) -> None:
    from pymilvus import MilvusClient, MilvusException
    for _ in range(60):
        assert process.poll() is None, log.read_text()
        try:
            MilvusClient(uri, timeout=2).close()
            return
        except MilvusException:
            time.sleep(0.2)
    raise TimeoutError(log.read_text())
