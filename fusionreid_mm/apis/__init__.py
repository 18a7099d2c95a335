from .inferencer import ReIDInferencer

__all__ = ['ReIDInferencer']
