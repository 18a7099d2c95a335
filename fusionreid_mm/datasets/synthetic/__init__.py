"""Drawn pedestrians in the layout of a real dataset."""
from .difficulty import DEFAULT_LEVEL, Difficulty
from .layouts import LAYOUTS
from .settings import DatasetSettings, SettingError

__all__ = [
    'DEFAULT_LEVEL', 'DatasetSettings', 'Difficulty', 'LAYOUTS', 'SettingError'
]
