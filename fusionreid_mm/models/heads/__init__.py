from .bnneck import BNNeck
from .multi_branch_reid_head import MultiBranchReIDHead

__all__ = ['BNNeck', 'MultiBranchReIDHead']
