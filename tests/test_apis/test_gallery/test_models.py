"""Galleries of the small model."""
import numpy as np
import pytest
from helpers.drawn_data import write_image
from helpers.exports import write_small_run

from fusionreid_mm.apis import Gallery, ReIDInferencer
from fusionreid_mm.sources import PersonImage, UnreadableImageError


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return write_small_run(tmp_path_factory.mktemp('run'))


@pytest.fixture(scope='module')
def inferencer(run):
    return ReIDInferencer(str(run.config), str(run.checkpoint), device='cpu')


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / 'images'
    for i in range(7):
        write_image(folder / f'{i}.png', seed=i)
    return [
        PersonImage(str(folder / f'{i}.png'), i % 3, float(i))
        for i in range(7)
    ]


def unit(descriptors: np.ndarray) -> np.ndarray:
    return descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)


def test_arrays_are_queries(inferencer, images, tmp_path):
    import cv2
    with Gallery(str(tmp_path / 'people.db'), inferencer) as gallery:
        gallery.add(images)
        pixels = cv2.imread(images[4].name)
        by_name = gallery.search(PersonImage(images[4].name), topk=3)
        for queries in (pixels, [pixels], pixels[None]):
            found = gallery.search(queries, topk=3)
            assert len(found) == 1
            assert [match[0] for match in found[0]
                    ] == [match[0] for match in by_name[0]]
        with pytest.raises(ValueError, match='camera of the query of'):
            gallery.search(pixels, other_camera=True)
        folder = str(tmp_path / 'images')
        mixed = gallery.search([pixels, folder], topk=3)
        expected = gallery.search(
            pixels, topk=3) + gallery.search(
                folder, topk=3)
        assert [[match.name for match in matches]
                for matches in mixed] == [[match.name for match in matches]
                                          for matches in expected]
        with pytest.raises(ValueError, match='camera of the query .*0.png'):
            gallery.search([folder, pixels], other_camera=True)


def test_images_may_come_as_paths_one_by_one(inferencer, images, tmp_path):
    with Gallery(str(tmp_path / 'people.db'), inferencer) as gallery:
        paths = (image.name for image in images)
        assert gallery.add(paths, batch_size=2) == 7
        assert gallery.names() == [image.name for image in images]
        assert not list(gallery.missing(iter(gallery.names())))
        found = gallery.search(iter(gallery.names()[:2]), topk=1)
        assert [matches[0].name
                for matches in found] == [image.name for image in images[:2]]


def test_what_is_left_out_does_not_shift_others(inferencer, images, tmp_path):
    """Each image keeps its own descriptor, camera and time."""
    for i in (0, 3, 4):
        with open(images[i].name, 'w') as file:
            file.write('no picture')
    kept = [images[i] for i in (1, 2, 5, 6)]
    for new_cameras in (False, True):
        uri = str(tmp_path / f'{new_cameras}.db')
        with Gallery(uri, inferencer, new_cameras=new_cameras) as gallery:
            with pytest.raises(UnreadableImageError, match='0.png'):
                gallery.add(images)
            assert gallery.add(
                iter(images), batch_size=2, on_bad_image='skip') == 4
            assert sorted(gallery.images()) == kept
            told = [
                image._replace(camid=None) if new_cameras else image
                for image in kept
            ]
            np.testing.assert_allclose(
                gallery.descriptors([image.name for image in kept]),
                unit(inferencer(told)),
                atol=1e-5)
            assert list(
                gallery.missing(images)) == [images[0], images[3], images[4]]


def test_cameras_are_told_to_the_model(inferencer, images, tmp_path):
    """The same picture is something else to it under another camera."""
    with Gallery(str(tmp_path / 'people.db'), inferencer) as gallery:
        gallery.add(images[:1])
        same, other = (
            gallery.search(images[0]._replace(camid=camid))[0][0].score
            for camid in (0, 1))
    assert same == pytest.approx(1, abs=1e-6)
    assert other < same - 1e-6
