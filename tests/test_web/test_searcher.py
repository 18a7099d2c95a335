from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.drawn_data import write_image

from fusionreid_mm.apis import ExportedInferencer, Filter, Gallery, explain
from fusionreid_mm.deployment import Threshold
from fusionreid_mm.deployment.exporting import build_graph, manifest_of
from fusionreid_mm.engine.pipelines import pipeline_of_tests
from fusionreid_mm.sources import PersonImage, read_image
from fusionreid_mm.web import Searcher
from fusionreid_mm.web.answers import Answers, Found
from fusionreid_mm.web.searcher import NotExplainable


def test_what_is_in_it(searcher, small):
    summary = searcher.summary()
    assert summary.size == 13
    assert summary.camids == (0, 1, 2)
    assert summary.times == (0, 660)
    assert len(set(summary.examples)) == 6
    assert set(summary.examples) <= {image.name for image in small.images}


def test_what_is_in_it_now(searcher, small):
    searcher.summary()
    extra = PersonImage(small.images[0].name + '?', 7, 1000)
    descriptors = searcher.gallery.descriptors([small.images[0].name])
    searcher.gallery.add_descriptors([extra], descriptors)
    try:
        assert searcher.summary()[:3] == (14, (0, 1, 2, 7), (0, 1000))
    finally:
        searcher.gallery.delete(extra.name)
    assert searcher.summary().size == 13


def test_an_empty_gallery(small, searcher, tmp_path):
    with Gallery(str(tmp_path / 'a.db'), searcher.inferencer) as gallery:
        empty = Searcher(gallery, searcher.inferencer)
        assert empty.summary() == (0, (), None, ())
        query = empty.describe('a', small.images[0].name, None)
        assert empty.search(query) == []


@pytest.mark.parametrize('camid', [None, 1])
def test_finds_what_the_gallery_finds(searcher, small, camid):
    path = small.images[4].name
    query = searcher.describe('a.png', Path(path).read_bytes(), camid)
    expected, = searcher.gallery.search(PersonImage(path, camid), topk=5)
    assert searcher.search(query, topk=5) == expected
    if camid == 1:
        assert expected[0].name == path
        assert expected[0].score == pytest.approx(1, abs=1e-5)


def test_filters(searcher, small):
    path = small.images[4].name
    query = searcher.describe('a.png', Path(path).read_bytes(), 1)
    filters = Filter({0, 1}, {1}, 0, 400)
    expected, = searcher.gallery.search(
        PersonImage(path, 1),
        topk=20,
        camids=[0, 1],
        not_camids=[1],
        start=0,
        end=400)
    assert searcher.search(query, 20, filters) == expected
    assert [match.camid for match in expected] == [0, 0, 0]


def test_an_image_of_the_gallery_does_not_find_itself(searcher, small):
    name = small.images[4].name
    query = searcher.describe('4', name, 1)
    assert query.gallery_name == name
    found = [match.name for match in searcher.search(query, 20)]
    assert sorted(found) == sorted(image.name for image in small.images
                                   if image.name != name)
    other = small.images[5].name
    found = searcher.search(query, 20, Filter(exclude=[other]))
    assert len(found) == 11


def test_what_is_no_image(searcher):
    with pytest.raises(ValueError, match="no image .*starts with b'hello'"):
        searcher.describe('a', b'hello', None)
    with pytest.raises(OSError, match='cannot read the image missing.jpg'):
        searcher.describe('a', 'missing.jpg', None)


def test_an_explanation_is_that_of_each_by_the_other(searcher, small):
    query = searcher.describe('a', small.images[2].name, 2)
    match = searcher.search(query, 1)[0]
    found = searcher.explain(query, match)
    references = searcher.gallery.descriptors([match.name])
    expected = explain(searcher.inferencer, read_image(small.images[2].name),
                       2, references[0])
    assert found.query.keys() == expected.keys() == {
        'image', 'cnn', 'transformer', 'cnn_from_transformer',
        'transformer_from_cnn'
    }
    for name, picture in expected.items():
        np.testing.assert_array_equal(found.query[name], picture)
    expected = explain(searcher.inferencer, read_image(match.name),
                       match.camid, query.descriptor)
    for name, picture in expected.items():
        np.testing.assert_array_equal(found.match[name], picture)


def test_a_large_picture_is_explained_at_the_size_of_a_screen(
        searcher, small, tmp_path):
    write_image(tmp_path / 'a.png', size=(600, 1500))
    query = searcher.describe('a', (tmp_path / 'a.png').read_bytes(), None)
    found = searcher.explain(query, searcher.search(query, 1)[0])
    assert found.query['cnn'].shape == (512, 205, 3)
    assert found.match['cnn'].shape == (64, 32, 3)


def test_no_explanation_of_what_is_gone(searcher, small, tmp_path):
    query = searcher.describe('a', small.images[2].name, 2)
    match = searcher.search(query, 1)[0]
    with pytest.raises(ValueError, match='stranger.png is not in the gall'):
        write_image(tmp_path / 'stranger.png')
        name = str(tmp_path / 'stranger.png')
        searcher.explain(query, match._replace(name=name))
    with pytest.raises(OSError, match='cannot read the image gone.png'):
        searcher.explain(query, match._replace(name='gone.png'))


@pytest.fixture
def exported(searcher):
    """The model as it is exported, but for ONNX, which takes its time."""
    inferencer = searcher.inferencer
    graph = build_graph(inferencer.model)

    @torch.no_grad()
    def run(images, camids):
        return graph(torch.from_numpy(images),
                     torch.from_numpy(camids)).numpy()

    manifest = manifest_of(
        inferencer.model,
        pipeline_of_tests(inferencer.cfg),
        inferencer.fingerprint,
        threshold=Threshold('cosine', .75, 1e-3, .001, .7))
    return ExportedInferencer.of_graph(manifest, run)


def test_an_exported_model_finds_the_same(searcher, exported, small):
    """It cannot be looked into, and may know a threshold."""
    name = small.images[2].name
    query = searcher.describe('a', name, 2)
    expected = searcher.search(query, 20)
    assert searcher.is_explainable and searcher.threshold is None
    other = Searcher(searcher.gallery, exported)
    assert not other.is_explainable and other.threshold == .75
    query = other.describe('a', name, 2)
    matches = other.search(query, 20)
    assert len(matches) == 12
    assert [match.name
            for match in matches] == [match.name for match in expected]
    np.testing.assert_allclose([match.score for match in matches],
                               [match.score for match in expected],
                               atol=1e-4)
    with pytest.raises(NotExplainable, match='an exported model has no'):
        other.explain(query, matches[0])
    detail = Answers(other).select(Found(query, (), matches), 1)
    assert 'Without an explanation: an exported model has no' in detail
    assert detail.count('<figure>') == 2


class Thresholded:
    """An inferencer that knows a threshold."""

    def __init__(self, inferencer, threshold):
        self.fingerprint = inferencer.fingerprint
        self.threshold = threshold


@pytest.mark.parametrize('threshold, given, expected', [
    (Threshold('cosine', .7, None, 0., 1.), None, .7),
    (Threshold('cosine', .7, None, 0., 1.), .5, .5),
    (Threshold('euclidean', .7, None, 0., 1.), None, None),
    (None, None, None),
])
def test_threshold(searcher, threshold, given, expected):
    other = Thresholded(searcher.inferencer, threshold)
    assert Searcher(searcher.gallery, other, given).threshold == expected


def test_a_model_of_another_gallery(searcher):
    other = Thresholded(searcher.inferencer, None)
    other.fingerprint = 'f' * 32
    with pytest.raises(ValueError, match='descriptors of another model'):
        Searcher(searcher.gallery, other)
