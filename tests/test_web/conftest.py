import pytest
from helpers.small_gallery import write_gallery

from fusionreid_mm.apis import Gallery, ReIDInferencer
from fusionreid_mm.web import Searcher


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    return write_gallery(tmp_path_factory.mktemp('small'))


@pytest.fixture(scope='module')
def inferencer(small):
    return ReIDInferencer(*small.source)


@pytest.fixture(scope='module')
def gallery(small, inferencer):
    with Gallery(small.uri, inferencer) as gallery:
        yield gallery


@pytest.fixture
def searcher(gallery, inferencer):
    """The gallery is as it was: tests take back what they add."""
    return Searcher(gallery, inferencer)
