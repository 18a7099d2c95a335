from .html_page import HtmlPage, Tile, check_page_path
from .image_sheet import Picture, SheetRow, draw_sheet
from .reid_visualizer import RankedImage, ReIDVisualizer, camera_name

__all__ = [
    'HtmlPage', 'Picture', 'RankedImage', 'ReIDVisualizer', 'SheetRow', 'Tile',
    'camera_name', 'check_page_path', 'draw_sheet'
]
