"""A gallery of few drawn images, by the small model at random."""
from pathlib import Path
from typing import List, NamedTuple

from fusionreid_mm.apis import Gallery, ModelSource, ReIDInferencer
from fusionreid_mm.sources import PersonImage
from .drawn_data import write_image
from .small_checkpoint import write_small_files

#: A name that is no text of a page, as far as a browser can tell.
HOSTILE = '<img src=x onerror=alert(1)> ${alert(2)} {{3}} \'"&.jpg'


class SmallGallery(NamedTuple):
    """Where things lie.

    Attributes:
        uri: The gallery.
        source: Config and checkpoint of its model.
        images: All of its images.
    """
    uri: str
    source: ModelSource
    images: List[PersonImage]


def draw_people(folder: Path, count: int = 12) -> List[PersonImage]:
    """Images of three cameras, one each minute, and one with a hostile name of
    which nothing is known."""
    images = []
    for number in range(count):
        path = folder / f'{number:04d}.png'
        write_image(path, seed=number)
        images.append(PersonImage(str(path), number % 3, 60. * number))
    write_image(folder / HOSTILE, seed=count)
    return [*images, PersonImage(str(folder / HOSTILE))]


def write_gallery(folder: Path) -> SmallGallery:
    """Model, images and gallery, which is closed."""
    source = ModelSource(*write_small_files(folder / 'model'))
    images = draw_people(folder / 'people')
    uri = str(folder / 'gallery.db')
    with Gallery(uri, ReIDInferencer(*source), source) as gallery:
        gallery.add(images)
    return SmallGallery(uri, source, images)
