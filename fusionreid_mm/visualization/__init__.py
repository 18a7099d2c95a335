from .curves import (RocCurve, plot_cmc, plot_matrix, plot_precision_recall,
                     plot_roc, plot_scores)
from .html_page import PAGE_SUFFIXES, HtmlPage, Tile, check_page_path
from .image_sheet import Picture, SheetRow, draw_sheet
from .photograph import read_photograph
from .reid_visualizer import (RankedImage, ReIDVisualizer, camera_name,
                              ranked_images)
from .report import TestRun, draw_report, list_tiles

__all__ = [
    'PAGE_SUFFIXES', 'HtmlPage', 'Picture', 'RankedImage', 'ReIDVisualizer',
    'RocCurve', 'SheetRow', 'TestRun', 'Tile', 'camera_name',
    'check_page_path', 'draw_report', 'draw_sheet', 'list_tiles', 'plot_cmc',
    'plot_matrix', 'plot_precision_recall', 'plot_roc', 'plot_scores',
    'ranked_images', 'read_photograph'
]
