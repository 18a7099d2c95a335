from .image_sheet import Picture, SheetRow, draw_sheet
from .reid_visualizer import RankedImage, ReIDVisualizer, camera_name

__all__ = [
    'Picture', 'RankedImage', 'ReIDVisualizer', 'SheetRow', 'camera_name',
    'draw_sheet'
]
