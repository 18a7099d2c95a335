from itertools import islice
from typing import Dict, Iterable, List

import numpy as np
import torch

from fusionreid_mm.sources.image_items import Item
from .explanation import normalized_batch
from .inferencer import ReIDInferencer


@torch.no_grad()
def extract_embeddings(inferencer: ReIDInferencer,
                       items: Iterable[Item],
                       batch_size: int = 32) -> Dict[str, np.ndarray]:
    """All embeddings of images, also those that the descriptor does not have.

    Args:
        inferencer (ReIDInferencer): Of the model.
        items (Iterable[Item]): The images, with their cameras.
        batch_size (int): Images at a time. Defaults to 32.

    Returns:
        Dict[str, np.ndarray]: (N, C) each, before BatchNorm, not normalised,
        by name, such as ``'cnn_htm'``.

    Raises:
        ValueError: If there are no images.
    """
    items = iter(items)
    parts: Dict[str, List[np.ndarray]] = {}
    while batch := list(islice(items, batch_size)):
        embeddings = inferencer.model.extract_embeddings(
            *normalized_batch(inferencer, batch))
        for name, values in embeddings.items():
            parts.setdefault(name, []).append(values.float().cpu().numpy())
    if not parts:
        raise ValueError('there are no images')
    return {name: np.concatenate(part) for name, part in parts.items()}
