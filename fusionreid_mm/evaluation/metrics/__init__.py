from .ranked_lists import ListedImage, RankedList
from .reid_metric import ReIDMetric

__all__ = ['ListedImage', 'RankedList', 'ReIDMetric']
