import os
from collections import deque
from itertools import chain, islice
from typing import (Any, Deque, Dict, Iterable, Iterator, List, Optional,
                    Sequence, Tuple, Union)

import numpy as np

from fusionreid_mm.sources import PersonImage, list_images
from .connection import Connection, is_file
from .filters import Filter, has_key
from .match import Match
from .passport import ModelSource, Passport, read_passport
from .schema import (IMAGE_FIELDS, INDEXES, add_fields, image_of, key_of,
                     rows_of)
from .stamp import stamp_of

#: The most that Milvus returns of a query.
MAX_TOPK = 16384

# What one request to Milvus may carry.
_ROWS = 1000
_BYTES = 2**23
_QUERIES = 100


class Gallery:
    """Descriptors of images of people that last, in Milvus.

    A path that ends with ``.db`` is a folder of Milvus Lite, which runs in
    this process; an address such as ``http://localhost:19530`` is a Milvus
    server or a cluster. All else is the same.

    An image is told apart by its name: added again, it replaces itself.

    Args:
        uri (str): The path, or the address.
        inferencer (ReIDInferencer): The model that describes images, or an
            exported one. A new gallery keeps its fingerprint, and other models
            are refused from then on.
        source (ModelSource, optional): Where that model was loaded from, for
            those who open the gallery without one.
        index (str, optional): ``'FLAT'`` compares a query with all images;
            ``'HNSW'`` and ``'IVF_FLAT'`` are faster where there are many, and
            may miss some. None takes that of the gallery, or ``'FLAT'`` for a
            new one.
        new_cameras (bool): Whether the cameras of images are others than those
            that the model was trained with: they are kept and searched by, but
            the model is not told them. A gallery keeps what it was made with.
            Defaults to False.
        collection (str): One of several galleries at the same place. Defaults
            to ``'gallery'``.
        **options: Of ``pymilvus.MilvusClient``, as ``token`` and ``db_name``.

    Raises:
        ValueError: If the gallery is of another model, of another index, or
            none at all.
        OSError: If the file cannot be opened, or no server answers.
        ImportError: If pymilvus or milvus-lite is missing.

    ::

        inferencer = ReIDInferencer('fusionreid_market', 'weights.pth')
        with Gallery('people.db', inferencer) as gallery:
            gallery.add('photographs/')
            matches, = gallery.search('somebody.jpg', topk=5)
    """

    _inferencer: Any
    _passport: Passport

    def __init__(self,
                 uri: str,
                 inferencer: Any,
                 source: Optional[ModelSource] = None,
                 index: Optional[str] = None,
                 new_cameras: bool = False,
                 collection: str = 'gallery',
                 **options: Any) -> None:
        if index is not None and index not in INDEXES:
            raise ValueError(f'there is no index {index!r}: take one of '
                             f'{", ".join(INDEXES)}')
        self._connect(uri, collection, options)
        try:
            if not self._client.has_collection(collection):
                self._create(
                    Passport(inferencer.fingerprint,
                             int(inferencer.descriptor_size), index or 'FLAT',
                             bool(new_cameras), source))
            self._load()
            self.use(inferencer)
            self._check_settings(index, new_cameras)
            if source is not None and source != self.source:
                self._move(source)
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls,
             uri: str,
             inferencer: Any = None,
             collection: str = 'gallery',
             **options: Any) -> 'Gallery':
        """A gallery that is there.

        Args:
            uri (str): The path, or the address.
            inferencer (ReIDInferencer, optional): To add and search images.
                None is enough to look at the gallery, to delete, and to
                handle descriptors.
            collection (str): As for a new one.
            **options: Likewise.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is of another model.
        """
        if is_file(uri) and not os.path.exists(uri):
            raise FileNotFoundError(f'there is no gallery {uri}')
        self = cls.__new__(cls)
        self._connect(uri, collection, options)
        try:
            if not self._client.has_collection(collection):
                known = ', '.join(self._client.list_collections()) or 'none'
                raise FileNotFoundError(
                    f'there is no gallery {collection!r} in {uri}; the '
                    f'collections there: {known}')
            self._load()
            if inferencer is not None:
                self.use(inferencer)
        except BaseException:
            self.close()
            raise
        return self

    @property
    def fingerprint(self) -> str:
        """Of the model whose descriptors the gallery holds."""
        return self._passport.fingerprint

    @property
    def descriptor_size(self) -> int:
        """Channels of a descriptor."""
        return self._passport.descriptor_size

    @property
    def source(self) -> Optional[ModelSource]:
        """Where the model was loaded from, if the gallery was told."""
        return self._passport.source

    @property
    def index(self) -> str:
        """How Milvus finds the nearest."""
        return self._passport.index_type

    @property
    def new_cameras(self) -> bool:
        """Whether the model is not told the cameras of images."""
        return self._passport.new_cameras

    def use(self, inferencer: Any) -> None:
        """Describe images by this model from now on.

        Raises:
            ValueError: If the gallery is of another one.
        """
        if inferencer.fingerprint != self.fingerprint:
            own = f' ({self.source})' if self.source else ''
            raise ValueError(
                f'{self.uri} holds descriptors of another model: their '
                f'fingerprint is {self.fingerprint}{own}, that of the model '
                f'given is {inferencer.fingerprint}. Descriptors of two '
                'models cannot be compared: take the model of the gallery, or '
                'add the images to a new gallery')
        self._inferencer = inferencer

    def add(self,
            images: Any,
            batch_size: int = 32,
            on_bad_image: str = 'raise') -> int:
        """Describe images and keep them. What is added is in the gallery after
        each batch, whatever happens later.

        Args:
            images: What :func:`fusionreid_mm.sources.list_images` takes. An
                iterator is read as it is needed, and may be long.
            batch_size (int): Images at a time. Defaults to 32.
            on_bad_image (str): As of :meth:`.ReIDInferencer.stream`.

        Returns:
            int: How many were added or replaced.

        Raises:
            FileNotFoundError: If there is no such file.
            UnreadableImageError: If one of them is no image.
            ValueError: If the model cannot describe one, or the gallery has
                none.
        """
        inferencer = self._need_inferencer()
        waiting: Deque[Tuple[PersonImage, Optional[str]]] = deque()

        def told() -> Iterator[PersonImage]:
            for image in _listed(images):
                # Before it is read: what is written into it later is a change.
                waiting.append((image, stamp_of(image.name)))
                yield self._told(image)

        num_added = 0
        for batch, descriptors in inferencer.stream(
                told(), batch_size=batch_size, on_bad_image=on_bad_image):
            originals = [_take(waiting, image.name) for image in batch]
            num_added += self.add_descriptors(
                [image for image, _ in originals], descriptors,
                [stamp for _, stamp in originals])
        return num_added

    def add_descriptors(
            self,
            images: Sequence[PersonImage],
            descriptors: np.ndarray,
            stamps: Optional[Sequence[Optional[str]]] = None) -> int:
        """Keep images that the gallery's model has described before.

        Args:
            images (Sequence[PersonImage]): N images.
            descriptors (np.ndarray): (N, D), of any length.
            stamps (Sequence[Optional[str]], optional): Of their files when
                they were read, by which :meth:`missing` knows changes: see
                :func:`.stamp_of`. None takes those of now.

        Returns:
            int: How many, N.
        """
        if len(images) != len(descriptors):
            raise ValueError(f'{len(images)} images, but {len(descriptors)} '
                             'descriptors')
        if stamps is None:
            stamps = [stamp_of(image.name) for image in images]
        rows = rows_of(images, self._normalized(descriptors, images), stamps)
        # Of one name, the last: Milvus does not say which one it keeps.
        rows = list({row['key']: row for row in rows}.values())
        for some in _chunks(rows, self._rows_of_request):
            self._client.upsert(self.collection, some)
        return len(images)

    def missing(self, images: Any) -> Iterator[PersonImage]:
        """Images that are not in the gallery, or the files of which have
        changed since, or of which the gallery knows another camera or time, or
        none. What is not known of an image now changes nothing.

        Args:
            images: As in :meth:`add`.
        """
        for some in _chunks(_listed(images), _ROWS):
            rows = self._query([image.name for image in some],
                               [*IMAGE_FIELDS, 'stamp'])
            known = {row['key']: row for row in rows}
            for image in some:
                row = known.get(key_of(image.name))
                if row is None or _is_news(image, row):
                    yield image

    def delete(self, names: Union[str, Iterable[str]]) -> int:
        """Forget images.

        Returns:
            int: How many of the names were there.
        """
        names = [names] if isinstance(names, str) else names
        deleted = 0
        for some in _chunks(names, _ROWS):
            keys = [row['key'] for row in self._query(some, [])]
            if keys:
                self._client.delete(self.collection, ids=keys)
            deleted += len(keys)
        return deleted

    def search(self,
               images: Any,
               topk: int = 10,
               camids: Optional[Iterable[int]] = None,
               not_camids: Iterable[int] = (),
               start: Optional[float] = None,
               end: Optional[float] = None,
               exclude: Union[str, Iterable[str]] = (),
               other_camera: bool = False) -> List[List[Match]]:
        """The images that look most like each query.

        Args:
            images: Queries: what :func:`fusionreid_mm.sources.list_images`
                takes, or arrays (H, W, 3) in OpenCV's order of colours.
            topk (int): How many of each. Defaults to 10.
            camids: See :class:`Filter`, as for the next ones.
            not_camids: Likewise.
            start: Likewise.
            end: Likewise.
            exclude: Likewise.
            other_camera (bool): Whether to leave out the images of the query's
                own camera. Defaults to False.

        Returns:
            List[List[Match]]: Of each query, the most similar first.

        Raises:
            ValueError: If nothing could be found, or a query's own camera is
                to be left out, and nobody knows it.
        """
        # Of a text, the letters would be left out.
        exclude = [exclude] if isinstance(exclude, str) else exclude
        one = Filter(None if camids is None else set(camids), set(not_camids),
                     start, end, set(exclude))
        one.check()
        queries = _queries(images)
        filters = [one] * len(queries)
        if other_camera:
            filters = [_without_own_camera(one, query) for query in queries]
        descriptors = self._need_inferencer()(list(map(self._told, queries)))
        return self.search_descriptors(descriptors, topk, filters)

    def search_descriptors(
        self,
        descriptors: np.ndarray,
        topk: int = 10,
        filters: Union[Filter, Sequence[Filter]] = Filter()
    ) -> List[List[Match]]:
        """As :meth:`search`, by descriptors of the gallery's model.

        Args:
            descriptors (np.ndarray): (Q, D), of any length.
            topk (int): How many of each. Defaults to 10.
            filters (Filter | Sequence[Filter]): What each query may find, or
                all of them.
        """
        if not 1 <= topk <= MAX_TOPK:
            raise ValueError(
                f'topk must be from 1 to {MAX_TOPK}, the most that Milvus '
                f'returns: got {topk}')
        descriptors = self._normalized(descriptors)
        if isinstance(filters, Filter):
            filters = [filters] * len(descriptors)
        if len(filters) != len(descriptors):
            raise ValueError(f'{len(descriptors)} descriptors, but '
                             f'{len(filters)} filters')
        rows_by_filter: Dict[str, List[int]] = {}
        for row, item in enumerate(filters):
            item.check()
            rows_by_filter.setdefault(item.expression(), []).append(row)
        results: List[List[Match]] = [[] for _ in descriptors]
        for expression, rows in rows_by_filter.items():
            for some in _chunks(rows, min(_QUERIES, self._rows_of_request)):
                found = self._search(descriptors[some], topk, expression)
                for row, matches in zip(some, found):
                    results[row] = matches
        return results

    def __len__(self) -> int:
        counted = self._client.query(
            self.collection, filter='', output_fields=['count(*)'])
        return int(counted[0]['count(*)'])

    def images(self) -> Iterator[PersonImage]:
        """All images, in no order that means something."""
        rows = self._client.query_iterator(
            self.collection,
            batch_size=_ROWS,
            filter='',
            output_fields=IMAGE_FIELDS)
        try:
            while some := rows.next():
                yield from map(image_of, some)
        finally:
            rows.close()

    def names(self) -> List[str]:
        """Of all images, in alphabetical order."""
        return sorted(image.name for image in self.images())

    def descriptors(self, names: Sequence[str]) -> np.ndarray:
        """(N, D), of length 1, of images of the gallery.

        Raises:
            KeyError: If one is not there.
        """
        found: Dict[str, np.ndarray] = {}
        for some in _chunks(names, self._rows_of_request):
            for row in self._query(some, ['descriptor']):
                found[row['key']] = np.asarray(row['descriptor'], np.float32)
        for name in names:
            if key_of(name) not in found:
                raise KeyError(f'{name!r} is not in {self.uri}')
        size = len(names), self.descriptor_size
        return np.array([found[key_of(name)] for name in names],
                        np.float32).reshape(size)

    def close(self) -> None:
        """Let other processes open the file. Nothing is lost without it, but
        what was added last takes longer to open."""
        self._connection.close()

    def __enter__(self) -> 'Gallery':
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def _connect(self, uri: str, collection: str, options: dict) -> None:
        self.uri, self.collection = uri, collection
        self._inferencer = None
        self._connection = Connection(uri, **options)

    @property
    def _client(self) -> Any:
        client = self._connection.client
        if client is None:
            raise ValueError(f'the gallery {self.uri} has been closed')
        return client

    @property
    def _rows_of_request(self) -> int:
        return max(1, min(_ROWS, _BYTES // (4 * self.descriptor_size)))

    def _create(self, passport: Passport) -> None:
        schema = self._client.create_schema(
            auto_id=False,
            enable_dynamic_field=False,
            description=passport.to_text())
        add_fields(schema, passport.descriptor_size)
        self._client.create_collection(
            self.collection,
            schema=schema,
            properties=passport.to_properties(),
            consistency_level='Strong')

    def _load(self) -> None:
        place = f'the collection {self.collection!r} of {self.uri}'
        description = self._client.describe_collection(self.collection)
        self._passport = read_passport(description, place)
        if not self._client.list_indexes(self.collection):
            self._create_index()
        self._client.load_collection(self.collection)

    def _create_index(self) -> None:
        params = self._client.prepare_index_params()
        params.add_index(
            'descriptor',
            index_type=self.index,
            metric_type='COSINE',
            params=INDEXES[self.index].build)
        self._client.create_index(self.collection, params)

    def _check_settings(self, index: Optional[str], new_cameras: bool) -> None:
        if index not in (None, self.index):
            raise ValueError(
                f'{self.uri} has the index {self.index}, not {index}: add the '
                'images to a new gallery')
        if new_cameras and not self.new_cameras:
            raise ValueError(
                f'the model has been told the cameras of the images in '
                f'{self.uri}: add the images to a new gallery')

    def _move(self, source: ModelSource) -> None:
        self._passport = self._passport._replace(source=source)
        self._client.alter_collection_properties(
            self.collection, properties=self._passport.to_properties())

    def _need_inferencer(self) -> Any:
        if self._inferencer is None:
            raise ValueError(
                f'{self.uri} was opened without a model: use() one, to '
                'describe images')
        return self._inferencer

    def _told(self, image: Any) -> Any:
        """What the model is told of an image, or an array."""
        if self.new_cameras and isinstance(image, PersonImage):
            return image._replace(camid=None)
        return image

    def _normalized(
        self, descriptors: np.ndarray,
        images: Sequence[PersonImage] = ()) -> np.ndarray:
        descriptors = np.asarray(descriptors, np.float32)
        if descriptors.shape[1:] != (self.descriptor_size, ):
            raise ValueError(
                f'descriptors must be (N, {self.descriptor_size}), as the '
                f'gallery has them: got {descriptors.shape}')
        lengths = np.linalg.norm(descriptors, axis=1, keepdims=True)
        usable = np.isfinite(lengths) & (lengths > 0)
        if not usable.all():
            row = int(np.flatnonzero(~usable)[0])
            what = repr(images[row].name) if images else f'query {row}'
            raise ValueError(
                f'the descriptor of {what} has the length '
                f'{lengths[row, 0]}: the model cannot describe it')
        return descriptors / lengths

    def _query(self, names: Iterable[str], fields: List[str]) -> List[dict]:
        """Of those that are in the gallery."""
        keys = set(map(key_of, names))
        if not keys:
            return []
        return self._client.query(
            self.collection,
            filter=has_key(keys),
            output_fields=['key', *fields])

    def _search(self, descriptors: np.ndarray, topk: int,
                expression: str) -> List[List[Match]]:
        found = self._client.search(
            self.collection,
            list(descriptors),
            anns_field='descriptor',
            limit=topk,
            filter=expression,
            output_fields=IMAGE_FIELDS,
            search_params=dict(
                metric_type='COSINE',
                params=INDEXES[self.index].search_params(topk)))
        return [[_match(hit) for hit in hits] for hits in found]


def _match(hit: Any) -> Match:
    name, camid, time = image_of(hit['entity'])
    return Match(name, float(np.clip(hit['distance'], -1, 1)), camid, time)


def _is_news(image: PersonImage, row: Dict[str, Any]) -> bool:
    """Whether an image is not as the gallery has it."""
    if row['stamp'] != stamp_of(image.name):
        return True
    _, camid, time = image_of(row)
    return (image.camid not in (None, camid) or image.time not in (None, time))


def _without_own_camera(one: Filter, query: Any) -> Filter:
    camid = query.camid if isinstance(query, PersonImage) else None
    if camid is None:
        raise ValueError(
            f'nobody knows the camera of the query {_called(query)}, which is '
            'to be left out: give PersonImage(name, camid)')
    own = one._replace(not_camids={*one.not_camids, camid})
    own.check()
    return own


def _called(query: Any) -> str:
    if isinstance(query, PersonImage):
        return repr(query.name)
    return f'of {query.shape}'


def _queries(images: Any) -> list:
    if isinstance(images, np.ndarray):
        return [images] if images.ndim == 3 else list(images)
    if isinstance(images, (list, tuple)) and any(
            isinstance(image, np.ndarray) for image in images):
        return list(chain.from_iterable(map(_queries, images)))
    return list(_listed(images))


def _listed(images: Any) -> Iterable[PersonImage]:
    """An iterator is not read before it is needed."""
    if isinstance(images, Iterator):
        return chain.from_iterable(map(_listed, images))
    if isinstance(images, PersonImage):
        return [images]
    return list_images(images)


def _take(waiting: Deque[Tuple[PersonImage, Optional[str]]],
          name: str) -> Tuple[PersonImage, Optional[str]]:
    """The next of that name; those before it were left out."""
    while True:
        image, stamp = waiting.popleft()
        if image.name == name:
            return image, stamp


def _chunks(items: Iterable, size: int) -> Iterator[list]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
