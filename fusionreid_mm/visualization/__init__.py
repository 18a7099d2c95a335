from .reid_visualizer import RankedImage, ReIDVisualizer

__all__ = ['RankedImage', 'ReIDVisualizer']
