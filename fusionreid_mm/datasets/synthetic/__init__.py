"""Drawn pedestrians in the layout of a real dataset."""
from .contact_sheet import draw_contact_sheet
from .difficulty import DEFAULT_LEVEL, Difficulty
from .generator import find_dataset, make_synthetic_reid
from .layouts import LAYOUTS
from .output_folder import OutputFolderError
from .settings import DatasetSettings, SettingError

__all__ = [
    'DEFAULT_LEVEL', 'DatasetSettings', 'Difficulty', 'LAYOUTS',
    'OutputFolderError', 'SettingError', 'draw_contact_sheet', 'find_dataset',
    'make_synthetic_reid'
]
