from typing import Dict, List, Optional, Sequence, Tuple

import torch
from mmengine.model import BaseModule, ModuleDict
from torch import Tensor

from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample
from ..losses import full_precision
from .bnneck import BNNeck


@MODELS.register_module()
class MultiBranchReIDHead(BaseModule):
    """A BNNeck with an identity and a triplet loss on each embedding; the
    embeddings, joined, are the descriptor of a person.

    Source: FusionReID, training objective (the sum of both losses over all
    embeddings) and test features.

    Args:
        in_channels (Dict[str, int]): Channels of each embedding by name.
            :class:`FusionReID` fills it in.
        num_classes (int): Number of training identities.
        test_embeddings (Sequence[str], optional): The embeddings that make
            the descriptor, in this order. None takes all. Defaults to None.
        neck_feat (str): Whether the descriptor takes an embedding
            ``'before'`` or ``'after'`` its BatchNorm. Defaults to
            ``'before'``.
        loss_id (dict): Loss of logits (B, K) and labels. Defaults to
            cross-entropy with label smoothing 0.1.
        loss_triplet (dict): Loss of embeddings (B, C) and labels. Defaults to
            the batch-hard soft-margin triplet loss.

    Raises:
        ValueError: If ``test_embeddings`` names one that is not there, or
            ``neck_feat`` is neither word.
    """

    def __init__(
        self,
        in_channels: Dict[str, int],
        num_classes: int,
        test_embeddings: Optional[Sequence[str]] = None,
        neck_feat: str = 'before',
        loss_id: dict = dict(type='CrossEntropyLoss', label_smoothing=0.1),
        loss_triplet: dict = dict(type='BatchHardTripletLoss')
    ) -> None:
        super().__init__()
        if neck_feat not in ('before', 'after'):
            raise ValueError(f"neck_feat must be 'before' or 'after' (the "
                             f'BatchNorm): got {neck_feat!r}')
        if test_embeddings is None:
            test_embeddings = list(in_channels)
        if (isinstance(test_embeddings, str) or not test_embeddings
                or not set(test_embeddings) <= set(in_channels)
                or len(set(test_embeddings)) < len(test_embeddings)):
            raise ValueError(
                'test_embeddings must list some of the embeddings of the '
                f'model, {list(in_channels)}, each once: got '
                f'{test_embeddings!r}')
        self.num_classes = num_classes
        self.test_embeddings = list(test_embeddings)
        self.neck_feat = neck_feat
        self.bnnecks = ModuleDict({
            name: BNNeck(channels, num_classes)
            for name, channels in in_channels.items()
        })
        self.loss_id = MODELS.build(loss_id)
        self.loss_triplet = MODELS.build(loss_triplet)

    def forward(self, embeddings: Dict[str, Tensor]) -> Tensor:
        """The descriptor (B, D): the chosen embeddings (B, C) side by side,
        not normalised."""
        parts = {name: embeddings[name] for name in self.test_embeddings}
        if self.neck_feat == 'after':
            parts = {name: self.bnnecks[name](parts[name]) for name in parts}
        return torch.cat(list(parts.values()), dim=1)

    def loss(self, embeddings: Dict[str, Tensor],
             labels: Tensor) -> Dict[str, Tensor]:
        """Two losses for each embedding (B, C), with labels (B, ):
        ``<name>.loss_id`` and ``<name>.loss_triplet``. In mixed precision
        too, they get float32."""
        losses = {}
        for name, bnneck in self.bnnecks.items():
            embedding = embeddings[name]
            losses[f'{name}.loss_id'] = self.loss_id(
                full_precision(bnneck.classify(embedding)), labels)
            losses[f'{name}.loss_triplet'] = self.loss_triplet(
                full_precision(embedding), labels)
        return losses

    def predict(self, embeddings: Dict[str, Tensor],
                data_samples: List[ReIDDataSample]) -> List[ReIDDataSample]:
        """Give each sample its descriptor as ``feature`` (D, ), and as
        ``embedding_columns`` where each embedding stands in it."""
        columns = self.embedding_columns
        for sample, feature in zip(data_samples, self(embeddings)):
            sample.feature = feature
            sample.set_field(
                columns, 'embedding_columns', field_type='metainfo')
        return data_samples

    @property
    def embedding_columns(self) -> Dict[str, Tuple[int, int]]:
        """First column of each embedding in the descriptor, and the one after
        its last."""
        columns, start = {}, 0
        for name in self.test_embeddings:
            end = start + self.bnnecks[name].bn.num_features
            columns[name] = (start, end)
            start = end
        return columns
