from .branch_features import BranchFeatures, BranchTokens
from .reid_data_sample import ReIDDataSample

__all__ = ['BranchFeatures', 'BranchTokens', 'ReIDDataSample']
