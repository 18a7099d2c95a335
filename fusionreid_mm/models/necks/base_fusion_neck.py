from abc import abstractmethod
from typing import Dict

from mmengine.model import BaseModule, ModuleDict
from mmpretrain.models.necks import GeneralizedMeanPooling
from torch import Tensor

from fusionreid_mm.registry import MODELS, SCOPE
from fusionreid_mm.structures import BranchTokens


class BaseFusionNeck(BaseModule):
    """What all fusions of two branches begin with, so that they differ in the
    fusion alone.

    ::

        cnn map                 transformer map
           │                         │
          LRU                       LRU        ── patch tokens
           │                         │
          GeM ── cnn_lru            GeM ── transformer_lru
           │                         │
         class token            class token
           └───────── fuse() ────────┘
                        │
                  more embeddings

    A subclass writes :meth:`fuse` and adds the names of its embeddings to
    ``out_channels``.

    Args:
        in_channels (Dict[str, int]): Channels of the maps by branch name,
            ``'cnn'`` and ``'transformer'``. :class:`FusionReID` fills it in.
        embed_dims (int): Width of the tokens, D.
        lru (str): The unit that makes the tokens: ``'lru'``, ``'pointwise'``,
            or the registered name of any module with their arguments.
        lru_kernel_size (int): Kernel of its depthwise convolution.

    Attributes:
        out_channels (Dict[str, int]): Channels of each embedding by name.

    Raises:
        ValueError: If ``in_channels`` are not those of the two branches.
    """

    BRANCHES = ('cnn', 'transformer')

    def __init__(self,
                 in_channels: Dict[str, int],
                 embed_dims: int,
                 lru: str = 'lru',
                 lru_kernel_size: int = 1) -> None:
        super().__init__()
        if set(in_channels) != set(self.BRANCHES):
            raise ValueError(
                f'{type(self).__name__} fuses the branches '
                f'{list(self.BRANCHES)}, but the model has '
                f'{list(in_channels)}: name them so, or set neck=None')
        self.lru = ModuleDict({
            name:
            MODELS.build(
                dict(
                    type=lru,
                    in_channels=in_channels[name],
                    out_channels=embed_dims,
                    kernel_size=lru_kernel_size,
                    _scope_=SCOPE))
            for name in self.BRANCHES
        })
        self.pool = ModuleDict(
            {name: GeneralizedMeanPooling()
             for name in self.BRANCHES})
        self.out_channels = {
            f'{name}_lru': embed_dims
            for name in self.BRANCHES
        }

    def forward(self, cnn: Tensor, transformer: Tensor) -> Dict[str, Tensor]:
        """Fuse the maps of the two branches.

        Args:
            cnn (Tensor): (B, C, H, W).
            transformer (Tensor): (B, C', H', W'); the grids may differ.

        Returns:
            Dict[str, Tensor]: The embeddings of ``out_channels``.
        """
        cnn_tokens = self._tokenize('cnn', cnn)
        transformer_tokens = self._tokenize('transformer', transformer)
        return dict(
            cnn_lru=cnn_tokens.cls.flatten(1),
            transformer_lru=transformer_tokens.cls.flatten(1),
            **self.fuse(cnn_tokens, transformer_tokens))

    @abstractmethod
    def fuse(self, cnn: BranchTokens,
             transformer: BranchTokens) -> Dict[str, Tensor]:
        """The embeddings beside ``cnn_lru`` and ``transformer_lru``, (B, C)
        each."""

    def _tokenize(self, name: str, feature_map: Tensor) -> BranchTokens:
        """The LRU's pixels as patch tokens, their GeM as class token."""
        refined = self.lru[name](feature_map)
        return BranchTokens(
            cls=self.pool[name](refined).unsqueeze(1),
            patch=refined.flatten(2).transpose(1, 2))


def check_attention(embed_dims: int, num_heads: int, num_layers: int) -> None:
    """Refuse sizes of which no stack of attention layers can be built."""
    if num_layers < 1:
        raise ValueError(f'num_layers must be at least 1: got {num_layers}')
    if embed_dims % num_heads:
        raise ValueError(
            f'embed_dims ({embed_dims}) must be a multiple of num_heads '
            f'({num_heads})')
