from typing import Dict, List, Optional, Union

import torch
from mmengine.model import BaseModel, ModuleDict
from mmengine.registry import DefaultScope
from torch import Tensor

from fusionreid_mm.registry import MODELS, SCOPE
from fusionreid_mm.structures import ReIDDataSample

#: Stands for a camera, or a view, that nobody knows.
UNKNOWN = -1


@MODELS.register_module()
class FusionReID(BaseModel):
    """FusionReID: branches look at a person in parallel, a neck fuses what
    they see, a head compares.

    ::

        image ─┬─ cnn branch ───────┬─ embedding "cnn" ──────────────┐
               │                    └─ map ──┐                       │
               │                            neck ── four embeddings ─┤─ head
               │                    ┌─ map ──┘                       │
               └─ transformer branch┴─ embedding "transformer" ──────┘

    Each part finds out the widths of the one before it, so a backbone is
    exchanged by changing one dict. Without a neck, any branches stand for
    themselves: the paper's single-branch baselines.

    Source: "Unity is Strength: Unifying Convolutional and Transformeral
    Features for Better Person Re-Identification" (arXiv 2412.17239).

    Args:
        branches (Dict[str, dict]): Configs of the branches by name.
        head (dict): Config of the head.
        neck (dict, optional): Config of the neck. Defaults to None.
        data_preprocessor (dict, optional): Moves, normalises and stacks.
        init_cfg (dict, optional): Initialisation of MMEngine.
    """

    def __init__(self,
                 branches: Dict[str, dict],
                 head: dict,
                 neck: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        if isinstance(data_preprocessor, dict):
            # MMEngine would look it up in a registry that may not know ours.
            data_preprocessor = MODELS.build(data_preprocessor)
        super().__init__(data_preprocessor, init_cfg)
        self.branches = ModuleDict({
            name: MODELS.build(cfg)
            for name, cfg in branches.items()
        })
        channels = {
            name: branch.out_channels
            for name, branch in self.branches.items()
        }
        self.neck = None
        if neck is not None:
            self.neck = MODELS.build(
                neck, default_args=dict(in_channels=channels))
            channels = {**channels, **self.neck.out_channels}
        self.head = MODELS.build(head, default_args=dict(in_channels=channels))

    def init_weights(self) -> None:
        """As MMEngine does it, with the initializers of this package, also
        where no default scope is set."""
        with DefaultScope.overwrite_default_scope(SCOPE):
            super().init_weights()

    def forward(
        self,
        inputs: Tensor,
        data_samples: Optional[List[ReIDDataSample]] = None,
        mode: str = 'tensor'
    ) -> Union[Tensor, Dict[str, Tensor], List[ReIDDataSample]]:
        """
        Args:
            inputs (Tensor): (B, 3, H, W), normalised.
            data_samples (List[ReIDDataSample], optional): What is known of
                each image. Without them, or in a sample without ``camid``,
                the camera embedding is left out; likewise ``viewid``.
            mode (str): ``'tensor'``, ``'loss'`` or ``'predict'``.

        Returns:
            ``'tensor'``: the descriptor (B, D). ``'loss'``: the named losses.
            ``'predict'``: the samples, each with its ``feature`` (D, ).

        Raises:
            ValueError: If ``mode`` is none of these, or a sample lacks the
                ``label`` that the losses need.
        """
        if mode not in ('tensor', 'loss', 'predict'):
            raise ValueError("mode must be 'tensor', 'loss' or 'predict': got "
                             f'{mode!r}')
        embeddings = self.extract_embeddings(inputs, data_samples)
        if mode == 'tensor':
            return self.head(embeddings)
        if mode == 'loss':
            labels = _labels(data_samples).to(inputs.device)
            return self.head.loss(embeddings, labels)
        if data_samples is None:
            data_samples = [ReIDDataSample() for _ in inputs]
        return self.head.predict(embeddings, data_samples)

    def extract_embeddings(
        self,
        inputs: Tensor,
        data_samples: Optional[List[ReIDDataSample]] = None
    ) -> Dict[str, Tensor]:
        """All embeddings (B, C) of (B, 3, H, W), by name."""
        return self.embed(inputs, _ids(data_samples, 'camid'),
                          _ids(data_samples, 'viewid'))

    def embed(self,
              inputs: Tensor,
              camids: Optional[Tensor] = None,
              viewids: Optional[Tensor] = None) -> Dict[str, Tensor]:
        """The one feature path of training, testing and exported models.

        Args:
            inputs (Tensor): (B, 3, H, W), normalised.
            camids (Tensor, optional): (B, ), counted from 0; -1 is unknown.
                None means that no camera is known.
            viewids (Tensor, optional): (B, ), likewise for views.

        Returns:
            Dict[str, Tensor]: All embeddings (B, C) by name.
        """
        features = {
            name: branch(inputs, camids, viewids)
            for name, branch in self.branches.items()
        }
        embeddings = {name: item.embedding for name, item in features.items()}
        if self.neck is not None:
            embeddings.update(
                self.neck(**{
                    name: item.feature_map
                    for name, item in features.items()
                }))
        return embeddings


def _ids(data_samples: Optional[List[ReIDDataSample]],
         name: str) -> Optional[Tensor]:
    if data_samples is None:
        return None
    ids = [sample.get(name) for sample in data_samples]
    return torch.tensor([UNKNOWN if value is None else value for value in ids])


def _labels(data_samples: Optional[List[ReIDDataSample]]) -> Tensor:
    if data_samples is None or any('label' not in sample
                                   for sample in data_samples):
        raise ValueError("mode='loss' needs data samples with a 'label' each: "
                         'is this a test split?')
    return torch.tensor([sample.label for sample in data_samples])
