"""A gallery does not ask whether its model was exported."""
import numpy as np

from fusionreid_mm.apis import Gallery, ReIDInferencer
from fusionreid_mm.sources import list_images


def test_an_exported_model_searches_the_same_gallery(run, inferencer, bundle,
                                                     tmp_path):
    uri = str(tmp_path / 'people.db')
    images = list_images(run.images)
    with Gallery(uri, inferencer) as gallery:
        gallery.add(images)
        expected = gallery.search(images)
    with Gallery.open(uri, ReIDInferencer(str(bundle))) as gallery:
        found = gallery.search(images)
        for matches, others in zip(found, expected, strict=True):
            np.testing.assert_allclose([match.score for match in matches],
                                       [match.score for match in others],
                                       atol=1e-4)
            assert matches[0].name == others[0].name
        assert gallery.add(images[:2]) == 2
        assert len(gallery) == len(images)
