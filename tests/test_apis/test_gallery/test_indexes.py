"""Indexes that may miss some: that they are used, and how much they find."""
from pathlib import Path

import numpy as np
import pytest
from helpers.galleries import NamedModel

from fusionreid_mm.apis import Gallery
from fusionreid_mm.apis.gallery.schema import INDEXES
from fusionreid_mm.sources import PersonImage

NUMBER, SIZE, TOPK = 3000, 16, 10


@pytest.fixture(scope='module')
def descriptors():
    """Of people with ten images each."""
    rng = np.random.default_rng(0)
    people = rng.standard_normal((NUMBER // 10, SIZE))
    drawn = np.repeat(people, 10, axis=0)
    drawn += 0.3 * rng.standard_normal(drawn.shape)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.mark.parametrize('index', list(INDEXES))
def test_recall(index, descriptors, tmp_path):
    uri = str(tmp_path / 'people.db')
    model = NamedModel(descriptor_size=SIZE)
    images = [PersonImage(str(i), i % 3) for i in range(NUMBER)]
    with Gallery(uri, model, index=index) as gallery:
        gallery.add_descriptors(images, descriptors)
    # It is built when the gallery is closed or opened.
    with Gallery.open(uri) as gallery:
        assert gallery.index == index
        queries = descriptors[::30]
        exact = np.argsort(-queries @ descriptors.T, axis=1)[:, :TOPK]
        found = gallery.search_descriptors(queries, TOPK)
        far, = gallery.search_descriptors(queries[:1], topk=500)
        # More than the usual effort of HNSW.
        assert len(far) == 500
    recall = np.mean([
        len({int(match.name)
             for match in matches} & set(row)) / TOPK
        for matches, row in zip(found, exact)
    ])
    assert recall == 1 if index == 'FLAT' else recall > 0.95
    files = list(Path(uri).rglob(f'*.{index.lower()}.idx'))
    assert len(files) == 1
