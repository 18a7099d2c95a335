"""What a process has seen of a test set."""
from collections import deque
from typing import (Any, Deque, Dict, Iterator, List, NamedTuple, Sequence,
                    Tuple)

import numpy as np
import torch
from mmengine.dist import get_dist_info
from torch import Tensor

from ..functional import Annotations, Images, Processes, draw_gallery

# Images whose camera is not known were taken by different ones.
_UNKNOWN_CAMERA = {'query': -1, 'gallery': -2}

_NOT_GIVEN = -1


class TestSet(NamedTuple):
    """One process's part of the images of a dataset.

    Attributes:
        query: The queries.
        gallery: The gallery images.
        paths: The files of both, by their index.
    """
    query: Images
    gallery: Images
    paths: Dict[int, str]


class CollectedImages:
    """The images of a test with their features, where they were computed."""

    def __init__(self) -> None:
        self._features: Deque[Tensor] = deque()
        self._rows: List[Tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, samples: Sequence[dict]) -> None:
        """Keep what ranking needs of a batch."""
        # A copy: a view would keep the whole batch alive.
        self._features.append(
            torch.stack(
                [sample['feature'].float().cpu() for sample in samples]))
        rank, world_size = get_dist_info()
        for sample in samples:
            role = sample['split']
            self._rows.append((
                sample['pid'],
                sample.get('camid', _UNKNOWN_CAMERA.get(role)),
                sample.get('sample_idx', _NOT_GIVEN),
                # The sampler of MMEngine deals images out in turn.
                rank + world_size * len(self._rows),
                role,
                sample.get('dataset', ''),
                sample.get('img_path', ''),
                'in_place_of' in sample))

    def take(self, size: int, processes: Processes) -> Dict[str, TestSet]:
        """The datasets by name. Each image is at one process only, whereas
        the last batch of a distributed test is filled up with images that
        others have too. Images that could not be read are left out. Nothing
        is left behind here.

        Args:
            size (int): Images of the test.
            processes (Processes): All of the run.

        Raises:
            ValueError: If a dataset has no queries or no gallery.
        """
        columns = [np.array(column) for column in zip(*self._rows)]
        pids, camids, numbers, positions, roles, datasets, paths, is_bad = (
            columns or [np.empty(0, dtype=int)] * 8)
        indices = _indices(numbers, positions, size, processes)
        is_kept = (
            _is_held_here_first(indices, processes) & (indices < size)
            & (is_bad == 0))
        keys = dict.fromkeys(
            key for own in processes.gather(list(zip(datasets, roles)))
            for key in own)
        masks = {
            key: is_kept & (datasets == key[0]) & (roles == key[1])
            for key in keys
        }
        features = self._take_features(masks, processes)
        images = {
            key:
            Images(features[key],
                   Annotations(pids[mask], camids[mask], indices[mask]))
            for key, mask in masks.items()
        }
        return {
            name:
            _test_set(
                images, name,
                dict(
                    zip(indices[datasets == name].tolist(),
                        paths[datasets == name].tolist())))
            for name in dict.fromkeys(name for name, _ in keys)
        }

    def _take_features(self, masks: Dict[Any, np.ndarray],
                       processes: Processes) -> Dict[Any, Tensor]:
        """The rows of each mask. Batches are given up one by one, so that all
        is there only once."""
        channels, = {
            channels
            for own in processes.gather(
                {rows.size(1)
                 for rows in self._features})
            for channels in own
        }
        features = {
            key: torch.empty(int(mask.sum()), channels)
            for key, mask in masks.items()
        }
        filled = dict.fromkeys(masks, 0)
        start = 0
        while self._features:
            batch = self._features.popleft()
            for key, mask in masks.items():
                rows = batch[torch.from_numpy(mask[start:start + len(batch)])]
                features[key][filled[key]:filled[key] + len(rows)] = rows
                filled[key] += len(rows)
            start += len(batch)
        self._rows.clear()
        return features


def is_unknown_camera(camids: Any) -> Any:
    """Whether such a camera stands for one that is not known."""
    return np.isin(camids, list(_UNKNOWN_CAMERA.values()))


def redraw_galleries(test_set: TestSet, num_trials: int,
                     processes: Processes) -> Iterator[TestSet]:
    """The images of a test set in roles that are drawn anew for each trial
    (:func:`fusionreid_mm.evaluation.functional.draw_gallery`)."""
    images = _join(test_set)
    everyones = processes.gather(images.annotations)
    indices = np.concatenate([own.indices for own in everyones])
    pids = np.concatenate([own.pids for own in everyones])
    order = np.argsort(indices)
    for trial in range(num_trials):
        chosen = indices[order][draw_gallery(pids[order], trial)]
        in_gallery = np.isin(images.annotations.indices, chosen)
        yield TestSet(
            _in_role(images, ~in_gallery, 'query'),
            _in_role(images, in_gallery, 'gallery'), test_set.paths)


def _join(test_set: TestSet) -> Images:
    query, gallery, _ = test_set
    columns = zip(query.annotations, gallery.annotations)
    return Images(
        torch.cat([query.features, gallery.features]),
        Annotations(*map(np.concatenate, columns)))


def _in_role(images: Images, mask: np.ndarray, role: str) -> Images:
    """Some of the images, as if the dataset had given them this role."""
    images = images.take(mask)
    camids = images.annotations.camids
    camids = np.where(is_unknown_camera(camids), _UNKNOWN_CAMERA[role], camids)
    return images._replace(
        annotations=images.annotations._replace(camids=camids))


def _indices(numbers: np.ndarray, positions: np.ndarray, size: int,
             processes: Processes) -> np.ndarray:
    """The place of each image in the dataset: its own number, if those tell
    all images apart, as they do not if datasets are joined."""
    everyones = np.unique(np.concatenate(processes.gather(numbers)))
    are_unique = len(everyones) == size and _NOT_GIVEN not in everyones
    return numbers if are_unique else positions


def _is_held_here_first(indices: np.ndarray,
                        processes: Processes) -> np.ndarray:
    """Whether no process of a lower rank has the same image, and this one did
    not have it before."""
    rank, _ = get_dist_info()
    before = processes.gather(indices)[:rank]
    is_first = np.zeros(len(indices), dtype=bool)
    is_first[np.unique(indices, return_index=True)[1]] = True
    return is_first & ~np.isin(indices, np.concatenate([[], *before]))


def _test_set(images: Dict[Tuple[str, str], Images], name: str,
              paths: Dict[int, str]) -> TestSet:
    for role in _UNKNOWN_CAMERA:
        if (name, role) not in images:
            raise ValueError(
                f'there are no {role} images among the evaluated ones'
                f'{" of " + name if name else ""}: ReIDMetric needs a dataset '
                "with split='test'")
    return TestSet(images[name, 'query'], images[name, 'gallery'], paths)
