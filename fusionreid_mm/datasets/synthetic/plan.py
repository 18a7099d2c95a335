"""Which pictures a dataset has: who, by which camera, under which name."""
import itertools
from dataclasses import dataclass, replace
from typing import Dict, Iterator, List, NamedTuple, Tuple

from .difficulty import Difficulty
from .layouts import VIEWS, Label, Layout, Listed
from .photograph import Photographer, Shot
from .randomness import Stream, generator_for
from .settings import DatasetSettings

__all__ = ['Picture', 'Plan', 'plan_dataset']

FRAMES_APART = 27  # between two pictures of a track
LAST_START = 90_000  # latest frame at which a track starts
JUNK_PID = -1

# The people of a dataset, so far apart that neither part depends on the size
# of the other: with more people to train on, those to be found stay the same.
FIRST_TEST_PERSON = 10_000
FIRST_STRANGER = 20_000

_Appearance = Tuple[str, int, int, Shot]


class Picture(NamedTuple):
    """A picture to take.

    Args:
        label (Label): What its name tells.
        path (str): Where it lies below the root of the dataset.
        shot (Shot): What it shows.
        size (tuple[int, int]): Height and width in pixels.
    """
    label: Label
    path: str
    shot: Shot
    size: Tuple[int, int]


@dataclass(frozen=True)
class Plan:
    """A whole dataset before it is drawn.

    Args:
        layout (Layout): Its rules.
        pictures (list[Picture]): All pictures; those of a person in a row.
        lists (dict[str, str]): Text files by path.
    """
    layout: Layout
    pictures: List[Picture]
    lists: Dict[str, str]

    @property
    def paths(self) -> List[str]:
        """Paths of all files below the root of the dataset."""
        return [picture.path for picture in self.pictures] + list(self.lists)

    def counts(self) -> Dict[str, Dict[str, int]]:
        """Return people and images of each part, as a reader counts them."""
        return self.layout.counts([p.label for p in self.pictures])


def plan_dataset(settings: DatasetSettings) -> Plan:
    """Return all pictures of a dataset."""
    layout = settings.layout_rules
    pictures = []
    for role, pid, number, shot in _cast(settings):
        track = generator_for(settings.seed, Stream.LABELS, shot.person,
                              shot.camera)
        frame = int(track.integers(LAST_START)) + FRAMES_APART * shot.index
        size = layout.box_size(
            generator_for(settings.seed, Stream.BOX, *shot.key))
        shot = replace(shot, occluded=role in layout.occluded_roles)
        for variant, box in layout.variants.items():
            label = Label(role, pid, shot.camera, number, frame, variant)
            boxed = replace(shot, box=box) if shot.box == 'person' else shot
            pictures.append(Picture(label, layout.path(label), boxed, size))
    return Plan(layout, pictures, layout.lists(_listed(settings, pictures)))


def _listed(settings: DatasetSettings,
            pictures: List[Picture]) -> List[Listed]:
    """Return what lists can say of the pictures."""
    if not settings.layout_rules.has_views:
        return [Listed(picture.label, picture.path) for picture in pictures]
    photographer = Photographer(settings.seed,
                                Difficulty.from_level(settings.difficulty))
    degrees = 360 / len(VIEWS)
    return [
        Listed(picture.label, picture.path,
               round(photographer.yaw(picture.shot) / degrees) % len(VIEWS))
        for picture in pictures
    ]


def _cast(settings: DatasetSettings) -> Iterator[_Appearance]:
    """Yield role, pid, number within the pid, and shot of every picture."""
    layout, per_track = settings.layout_rules, settings.images_per_camera
    num_distractors = settings.num_distractors or 0
    num_strangers = -(-num_distractors // per_track)
    train_pids, test_pids, stranger_pids = layout.choose_pids(
        generator_for(settings.seed, Stream.LABELS), settings.num_train_pids,
        settings.num_test_pids, num_strangers)
    cameras = range(settings.num_cameras or 0)
    tracks = list(itertools.product(cameras, range(per_track)))

    for person, pid in enumerate(train_pids):
        for number, (camera, index) in enumerate(tracks):
            held_out = (
                layout.has_validation and camera == person % len(cameras)
                and index == per_track - 1)
            role = 'val' if held_out else 'train'
            yield role, pid, number, Shot(person, camera, index)

    for person, pid in enumerate(test_pids, FIRST_TEST_PERSON):
        for number, (camera, index) in enumerate(tracks):
            role = 'query' if index == 0 else 'gallery'
            yield role, pid, number, Shot(person, camera, index)

    for number in range(num_distractors):
        stranger, index = divmod(number, per_track)
        person = FIRST_STRANGER + stranger
        # A detector finds people where there are none.
        nobody = layout.has_junk and stranger % 3 == 2
        yield 'distractor', stranger_pids[stranger], number, Shot(
            person, stranger % len(cameras), index,
            'empty' if nobody else 'person')

    for number in range(settings.num_junk or 0):
        lap, who = divmod(number, len(test_pids))
        yield 'junk', JUNK_PID, number, Shot(FIRST_TEST_PERSON + who,
                                             (lap + who) % len(cameras),
                                             per_track + number, 'cut')
