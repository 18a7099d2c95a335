"""What a synthetic dataset is made of: every choice a user has."""
from dataclasses import asdict, dataclass
from typing import Any, Dict, Optional

from .difficulty import DEFAULT_LEVEL
from .layouts import LAYOUTS, Layout

__all__ = ['DatasetSettings', 'SettingError']

USUAL_CAMERAS = 6


class SettingError(ValueError):
    """A setting is outside of its range.

    Args:
        name (str): Field of :class:`DatasetSettings`.
        expected (str): What is allowed.
        value: What came.
    """

    def __init__(self, name: str, expected: str, value: Any) -> None:
        super().__init__(name, expected, value)
        self.name, self.expected, self.value = name, expected, value

    def __str__(self) -> str:
        return self.describe(self.name)

    def describe(self, name: str) -> str:
        """Return the message for a setting that the user calls ``name``."""
        return f'{name} must be {self.expected}, got {self.value!r}'


@dataclass(frozen=True)
class DatasetSettings:
    """Settings of a dataset; the files depend on nothing else.

    Args:
        layout (str): A key of :data:`.layouts.LAYOUTS`.
        seed (int): Seed of all chance, 0 to 2**32 - 1.
        difficulty (float): 0 (easy) to 1 (hard).
        num_train_pids (int): People to train on, 1 to 2000.
        num_test_pids (int): People to test on, 1 to 2000.
        num_cameras (int): Cameras, 2 to as many as the layout can name. None
            is 6, or as many as it can.
        images_per_camera (int): Pictures of each person by each camera, 2 to
            50. In the test part the first one is a query.
        num_distractors (int): Gallery pictures of nobody who is looked for,
            0 to 5000. None is a tenth of the gallery, if the layout has any.
        num_junk (int): Badly cut gallery pictures that do not count, 0 to
            5000. None is a twentieth of the gallery, if the layout has any.

    Raises:
        SettingError: If a value is outside of its range.
    """
    layout: str = 'market1501'
    seed: int = 0
    difficulty: float = DEFAULT_LEVEL
    num_train_pids: int = 150
    num_test_pids: int = 100
    num_cameras: Optional[int] = None
    images_per_camera: int = 3
    num_distractors: Optional[int] = None
    num_junk: Optional[int] = None

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise SettingError('layout', f'one of {", ".join(LAYOUTS)}',
                               self.layout)
        layout = self.layout_rules
        self._check_range('seed', 0, 2**32 - 1)
        if not 0 <= self.difficulty <= 1:
            raise SettingError('difficulty', 'a number from 0.0 to 1.0',
                               self.difficulty)
        self._check_range('num_train_pids', 1, 2000)
        self._check_range('num_test_pids', 1, 2000)
        if self.num_cameras is None:
            object.__setattr__(self, 'num_cameras',
                               min(USUAL_CAMERAS, layout.max_cameras))
        self._check_range('num_cameras', 2, layout.max_cameras)
        self._check_range('images_per_camera', 2, 50)
        gallery = (
            self.num_test_pids * (self.num_cameras or 0) *
            (self.images_per_camera - 1))
        self._resolve('num_distractors', gallery // 10, layout.has_distractors)
        self._resolve('num_junk', gallery // 20, layout.has_junk)

    @property
    def layout_rules(self) -> Layout:
        """The layout that ``layout`` names."""
        return LAYOUTS[self.layout]

    def as_dict(self) -> Dict[str, Any]:
        """Return the settings by name, as ``dataset_info.json`` has them."""
        return asdict(self)

    def _check_range(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or not low <= value <= high:
            expected = f'a whole number from {low} to {high}'
            if name == 'num_cameras':
                expected += f' in the layout {self.layout}'
            raise SettingError(name, expected, value)

    def _resolve(self, name: str, usual: int, known: bool) -> None:
        """Fill in a number that was left open."""
        value = getattr(self, name)
        if value is None:
            object.__setattr__(self, name, min(usual, 5000) if known else 0)
        elif value and not known:
            what = name.replace('num_', '')
            raise SettingError(
                name, f'0, because the layout {self.layout} has no {what}',
                value)
        else:
            self._check_range(name, 0, 5000)
