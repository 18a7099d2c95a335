from .cnn_branch import CNNBranch
from .transformer_branch import TransformerBranch

__all__ = ['CNNBranch', 'TransformerBranch']
