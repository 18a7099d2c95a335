import pytest
from helpers.small_gallery import write_gallery

from fusionreid_mm.apis import Gallery, ReIDInferencer
from fusionreid_mm.web import Searcher


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    return write_gallery(tmp_path_factory.mktemp('small'))


@pytest.fixture
def searcher(small):
    inferencer = ReIDInferencer(*small.source)
    with Gallery(small.uri, inferencer) as gallery:
        yield Searcher(gallery, inferencer)
