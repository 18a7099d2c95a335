"""What a layout decides."""
import abc
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

__all__ = [
    'Counts', 'Label', 'Layout', 'Listed', 'ROLES', 'VIEWS', 'count',
    'interleaved_pids', 'varying_box'
]

# A distractor belongs to the gallery, and nobody looks for it; junk lies in
# the gallery and is left out of any count; val is a part of the training set.
ROLES = ('train', 'val', 'query', 'gallery', 'distractor', 'junk')

# The sides of people, around them from the front, 45 degrees apart.
VIEWS = ('front', 'right_front', 'right', 'right_rear', 'rear', 'left_rear',
         'left', 'left_front')

Counts = Dict[str, int]


class Label(NamedTuple):
    """What the name of a file tells.

    Args:
        role (str): One of :data:`ROLES`.
        pid (int): Person id as written in the name.
        camera (int): Camera, from 0.
        number (int): Number of the picture among those of its pid, from 0.
        frame (int): Video frame; tells pictures of a person by one camera
            apart.
        variant (str): A key of :attr:`Layout.variants`.
    """
    role: str
    pid: int
    camera: int
    number: int
    frame: int
    variant: str = ''


class Listed(NamedTuple):
    """A picture of the dataset: its label, where it lies, and which of
    :data:`VIEWS` it shows, if the layout tells that."""
    label: Label
    path: str
    view: Optional[int] = None


class Layout(abc.ABC):
    """Rules of one dataset."""
    max_cameras: int
    has_distractors: bool
    has_junk: bool  # boxes come from a detector: some are badly cut or empty
    has_validation: bool
    folders: Tuple[str, ...]

    # How boxes lie around people (:data:`..framing.BOXES`) by the name of
    # each way. With several, each picture is there once for each.
    variants: Mapping[str, str] = {'': 'person'}
    # Roles in whose pictures something stands in front of everybody.
    occluded_roles: Tuple[str, ...] = ()
    has_views = False

    @abc.abstractmethod
    def choose_pids(self, rng: np.random.Generator, num_train: int,
                    num_test: int, num_strangers: int) -> List[List[int]]:
        """Return ids for the people of each part: train, test, strangers."""

    @abc.abstractmethod
    def path(self, label: Label) -> str:
        """Return where a picture lies, with slashes."""

    @abc.abstractmethod
    def box_size(self, rng: np.random.Generator) -> Tuple[int, int]:
        """Return height and width of a picture in pixels."""

    def lists(self, pictures: Sequence[Listed]) -> Dict[str, str]:
        """Return the text files that the dataset has, by path."""
        return {}

    def counts(self, labels: Sequence[Label]) -> Dict[str, Counts]:
        """Return people and images of each part, as a reader counts them.

        Validation images are a part of the training set, distractors one of
        the gallery; junk is none of anything.
        """
        parts: Dict[str, Sequence[str]] = {
            'train': ('train', 'val'),
            'query': ('query', ),
            'gallery': ('gallery', 'distractor'),
        }
        return {
            part: count([label for label in labels if label.role in roles])
            for part, roles in parts.items()
        }


def count(labels: Sequence[Label]) -> Counts:
    """Return the number of people and of images."""
    return {
        'pids': len({label.pid
                     for label in labels}),
        'images': len(labels)
    }


def interleaved_pids(rng: np.random.Generator,
                     sizes: Sequence[int]) -> List[List[int]]:
    """Return ids with gaps, dealt to parts at random."""
    total = sum(sizes)
    pids = 1 + rng.permutation(total + total // 2 + 1)[:total]
    ends = np.cumsum(sizes)
    return [sorted(part.tolist()) for part in np.split(pids, ends[:-1])]


def varying_box(rng: np.random.Generator,
                median_height: float) -> Tuple[int, int]:
    """Return a box of a person who is near or far."""
    height = median_height * float(
        np.exp(np.clip(0.25 * rng.normal(), -.5, .5)))
    return round(height), round(height * float(rng.uniform(0.40, 0.50)))
