from typing import Dict, NamedTuple, Sequence

import torch

from ..functional import Images, Processes, RankingResult
from .collected_images import TestSet

#: What the whole descriptor is called among its parts.
DESCRIPTOR = ''


class EvaluatedDataset(NamedTuple):
    """A dataset that was measured, while its features are still there, as the
    observers of a :class:`.ReIDMetric` get it in all processes.

    Attributes:
        name: Of the dataset, as the samples have it.
        test_set: This process's part of the images, with the whole
            descriptors; with trials, in the roles of the first.
        columns: Of the descriptor, by the names of the parts that were
            measured.
        rankings: By the names of the parts; :data:`DESCRIPTOR` for all of it.
        metric: How features are compared.
        device: Where they are compared.
        processes: All of the run.
    """
    name: str
    test_set: TestSet
    columns: Dict[str, Sequence[Sequence[int]]]
    rankings: Dict[str, RankingResult]
    metric: str
    device: torch.device
    processes: Processes

    def part(self, name: str) -> TestSet:
        """The images with a part of the descriptor alone."""
        if name == DESCRIPTOR:
            return self.test_set
        return take_columns(self.test_set, self.columns[name])


def take_columns(test_set: TestSet,
                 ranges: Sequence[Sequence[int]]) -> TestSet:
    """The images with some columns of their features alone, which are copied
    only if there are several ranges."""
    query, gallery = (
        _take_columns(images, ranges)
        for images in (test_set.query, test_set.gallery))
    return TestSet(query, gallery, test_set.paths)


def _take_columns(images: Images, ranges: Sequence[Sequence[int]]) -> Images:
    columns = [images.features[:, start:end] for start, end in ranges]
    features = columns[0] if len(columns) == 1 else torch.cat(columns, 1)
    return images._replace(features=features)
