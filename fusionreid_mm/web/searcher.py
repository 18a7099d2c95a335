"""What a page does with a gallery: all without a browser."""
import threading
from typing import (TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence,
                    Tuple, Union)

import numpy as np

from fusionreid_mm.apis import Filter, Gallery, Match
from .query import Query, read_source

if TYPE_CHECKING:
    from fusionreid_mm.apis import ReIDInferencer

#: The most images that are shown.
MAX_TOPK = 100

#: How many images of the gallery are offered to begin with.
NUM_EXAMPLES = 6

# Pixels: an explanation need not be larger than a screen.
_LARGEST_SIDE = 512


def check_topk(topk: float) -> None:
    """Raises:
        ValueError: If so many images cannot be shown.
    """
    if not 1 <= topk <= MAX_TOPK:
        raise ValueError(
            f'from 1 to {MAX_TOPK} pictures can be shown: got {topk}')


class Summary(NamedTuple):
    """What is in a gallery.

    Attributes:
        size: Its number of images.
        camids: Its cameras, in ascending order.
        times: When the first and the last image were taken, in seconds. None:
            nobody knows of any.
        examples: Names of some images, to begin with.
    """
    size: int
    camids: Tuple[int, ...]
    times: Optional[Tuple[float, float]]
    examples: Tuple[str, ...]


class NotExplainable(ValueError):
    """The model cannot be looked into."""


class Explanation(NamedTuple):
    """Why a match was found: pictures as :func:`fusionreid_mm.apis.explain`
    gives them.

    Attributes:
        query: Of the query, with the match as the reference.
        match: Of the match, with the query as the reference.
    """
    query: Dict[str, np.ndarray]
    match: Dict[str, np.ndarray]


class Searcher:
    """A gallery and its model, for several people at the same time.

    Both do one thing at a time; who comes later waits.

    Args:
        gallery (Gallery): To search. Its model is the inferencer.
        inferencer (ReIDInferencer): The model, or an exported one.
        threshold (float, optional): Cosine similarity from which on two images
            are taken for the same person. None takes that of an exported
            model, if it has one.
    """

    def __init__(self,
                 gallery: Gallery,
                 inferencer: 'ReIDInferencer',
                 threshold: Optional[float] = None) -> None:
        gallery.use(inferencer)
        self.gallery, self.inferencer = gallery, inferencer
        self.threshold = threshold
        if threshold is None:
            self.threshold = _threshold_of(inferencer)
        self._lock = threading.Lock()
        self._summary: Optional[Summary] = None

    @property
    def is_explainable(self) -> bool:
        """Whether the model can be looked into: an exported one cannot."""
        return hasattr(self.inferencer, 'model')

    def summary(self) -> Summary:
        """What is in the gallery, which is read anew if it has grown or
        shrunk."""
        with self._lock:
            size = len(self.gallery)
            if self._summary is None or self._summary.size != size:
                self._summary = _summarize(self.gallery)
            return self._summary

    def describe(self, name: str, source: Union[bytes, str],
                 camid: Optional[int]) -> Query:
        """A query, as the model sees it.

        Args:
            name (str): What it is called.
            source (bytes | str): The content of an image file, or the name of
                an image of the gallery.
            camid (int, optional): Its camera, counted from 0. None: nobody
                knows.

        Raises:
            ValueError: If it is no image.
            OSError: If it is damaged, or not there any more.
        """
        pixels = read_source(source)
        with self._lock:
            descriptor, = self.inferencer([pixels], camids=[camid])
        height, width = pixels.shape[:2]
        return Query(name, source, camid, descriptor, width > height)

    def search(self,
               query: Query,
               topk: int = 20,
               filters: Filter = Filter()) -> List[Match]:
        """The images of the gallery that look most like a query, the most
        similar first, without the query itself.

        Raises:
            ValueError: If nothing could be found.
        """
        if query.gallery_name is not None:
            exclude = {*filters.exclude, query.gallery_name}
            filters = filters._replace(exclude=exclude)
        with self._lock:
            matches, = self.gallery.search_descriptors(query.descriptor[None],
                                                       topk, filters)
        return matches

    def explain(self, query: Query, match: Match) -> Explanation:
        """Where the model looks in a query and in a match, and what makes each
        similar to the other.

        Raises:
            NotExplainable: If the model is an exported one.
            ValueError: If the match is not in the gallery any more.
            OSError: If its image is not there any more.
        """
        if not self.is_explainable:
            raise NotExplainable('an exported model has no layers that could '
                                 'be looked into')
        from fusionreid_mm.apis import explain
        images = [
            _shrink(read_source(source))
            for source in (query.source, match.name)
        ]
        with self._lock:
            reference = self._descriptor_of(match)
            return Explanation(
                explain(self.inferencer, images[0], query.camid, reference),
                explain(self.inferencer, images[1], match.camid,
                        query.descriptor))

    def _descriptor_of(self, match: Match) -> np.ndarray:
        try:
            return self.gallery.descriptors([match.name])[0]
        except KeyError as error:
            raise ValueError(
                f'{match.name} is not in the gallery any more') from error


def _threshold_of(inferencer: 'ReIDInferencer') -> Optional[float]:
    """Distances say nothing of similarities of descriptors of length 1."""
    threshold = getattr(inferencer, 'threshold', None)
    if threshold is None or threshold.metric != 'cosine':
        return None
    return threshold.value


def _summarize(gallery: Gallery) -> Summary:
    images = list(gallery.images())
    times = [image.time for image in images if image.time is not None]
    return Summary(
        size=len(images),
        camids=tuple(
            sorted(
                {image.camid
                 for image in images if image.camid is not None})),
        times=(min(times), max(times)) if times else None,
        examples=_spread(sorted(image.name for image in images)))


def _spread(names: Sequence[str]) -> Tuple[str, ...]:
    """Some, from all parts of the alphabet, where people often are apart."""
    count = min(NUM_EXAMPLES, len(names))
    return tuple(names[(2 * i + 1) * len(names) // (2 * count)]
                 for i in range(count))


def _shrink(image: np.ndarray) -> np.ndarray:
    from PIL import Image
    scale = _LARGEST_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(1, round(scale * side)) for side in image.shape[:2])
    resized = Image.fromarray(image).resize((width, height),
                                            Image.Resampling.BICUBIC)
    return np.asarray(resized)
