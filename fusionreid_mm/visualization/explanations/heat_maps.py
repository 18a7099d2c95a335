from typing import Dict, List, Optional

from torch import Tensor

from fusionreid_mm.models import (CNNBranch, DualAttentionMutualFusion,
                                  FusionReID, TransformerBranch)
from fusionreid_mm.structures import ReIDDataSample
from .attention_maps import attention_maps
from .attention_rollout import attention_rollout
from .grad_cam import default_layer, explain_similarity


def heat_maps(model: FusionReID,
              inputs: Tensor,
              data_samples: Optional[List[ReIDDataSample]] = None,
              references: Optional[Tensor] = None) -> Dict[str, Tensor]:
    """Where each part of the model looks.

    Args:
        model (FusionReID): The model.
        inputs (Tensor): (B, 3, H, W), normalised.
        data_samples (List[ReIDDataSample], optional): What is known of each
            image.
        references (Tensor, optional): As for :func:`explain_similarity`.

    Returns:
        Dict[str, Tensor]: (B, H, W) each, on grids of their own. Of a CNN
        branch, under its name, :func:`explain_similarity`; of a Transformer
        branch :func:`attention_rollout`; ``'cnn_from_transformer'``, where the
        class token of the CNN looks among the Transformer's patches in the
        MFU of the last HTM, the mean over heads; and
        ``'transformer_from_cnn'``. What a model does not have is left out.
    """
    heats = {}
    for name, branch in model.branches.items():
        if isinstance(branch, CNNBranch):
            heats[name] = explain_similarity(model, inputs, data_samples,
                                             references,
                                             default_layer(model, name))
        elif isinstance(branch, TransformerBranch):
            heats[name] = attention_rollout(model, inputs, data_samples, name)
    if isinstance(model.neck, DualAttentionMutualFusion):
        for look in attention_maps(model, inputs, data_samples):
            # What comes last of each name is of the last HTM.
            if look.branch != look.patches:
                heats[f'{look.branch}_from_{look.patches}'] = \
                    look.weights.mean(dim=1)
    return heats
