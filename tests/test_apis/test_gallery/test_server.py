"""The same against a Milvus server: Milvus Lite's own, over the network."""
import pytest
from helpers.galleries import (NamedModel, assert_same_matches, milvus_server,
                               search_naively, some_images)

from fusionreid_mm.apis import Gallery, ModelSource
from fusionreid_mm.sources import PersonImage

MODEL = NamedModel()
IMAGES = some_images()
NAMES = [image.name for image in IMAGES]
QUERY = PersonImage('somebody else.jpg', 1)


@pytest.fixture(scope='module')
def uri(tmp_path_factory):
    with milvus_server(tmp_path_factory.mktemp('server') / 'data') as address:
        yield address


def test_all_of_a_gallery(uri):
    source = ModelSource('a.pth')
    with Gallery(uri, MODEL, source, index='HNSW') as gallery:
        gallery.add(iter(IMAGES), batch_size=16)
        for filters in ({}, dict(camids=[0, 2], end=20.),
                        dict(not_camids=[1], exclude=NAMES[:30])):
            found, = gallery.search([QUERY], topk=5, **filters)
            assert_same_matches(
                found, search_naively(MODEL, IMAGES, QUERY, 5, **filters))
        assert gallery.delete([NAMES[0], 'nobody']) == 1
        # A server has many users at a time.
        with Gallery.open(uri, MODEL) as other:
            assert other.names() == sorted(NAMES[1:])
            assert (other.source, other.index) == (source, 'HNSW')
            other.add(iter(IMAGES[:1]))
        assert len(gallery) == len(IMAGES)
        assert not list(gallery.missing(iter(IMAGES)))


def test_other_models_and_galleries_are_refused(uri):
    Gallery(uri, MODEL, collection='mine').close()
    with pytest.raises(ValueError, match='fingerprint is f00d'):
        Gallery(uri, NamedModel('beef'), collection='mine')
    with pytest.raises(FileNotFoundError, match="no gallery 'yours' in http"):
        Gallery.open(uri, collection='yours')


def test_databases_of_a_server(uri):
    from pymilvus import MilvusClient
    client = MilvusClient(uri)
    client.create_database('second')
    client.close()
    with Gallery(uri, MODEL, collection='own', db_name='second') as gallery:
        gallery.add(iter(IMAGES[:3]))
        assert len(gallery) == 3
    with pytest.raises(FileNotFoundError, match="no gallery 'own'"):
        Gallery.open(uri, collection='own')
