from typing import Any, Dict, List, Optional

import cv2
import numpy as np
from mmengine.dataset import pseudo_collate
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from fusionreid_mm.datasets import collect_annotations
from fusionreid_mm.engine.bare_model import bare_model
from fusionreid_mm.registry import HOOKS
from fusionreid_mm.visualization import Picture, SheetRow, draw_sheet
from fusionreid_mm.visualization.explanations import heat_maps, overlay_heat

# Pixels.
_HEIGHT = 192


@HOOKS.register_module()
class ExplanationHook(Hook):
    """Draws in validations where the model looks in some queries, so that one
    sees how it changes during a training: a sheet ``explanations`` for the
    backends of the visualizer, with a row for each query and the pictures of
    :func:`.heat_maps`.

    Args:
        num_images (int): Queries to draw, evenly spread. Defaults to 4.
        interval (int): Of how many validations one is drawn. Defaults to 1.

    Raises:
        ValueError: If ``num_images`` or ``interval`` is less than 1.
    """

    # Before EMAHook takes back the averaged weights that were validated.
    priority = 'ABOVE_NORMAL'

    def __init__(self, num_images: int = 4, interval: int = 1) -> None:
        if num_images < 1 or interval < 1:
            raise ValueError('num_images and interval must be at least 1: got '
                             f'{num_images} and {interval}')
        self.num_images = num_images
        self.interval = interval
        self._num_validations = 0
        self._numbers: Optional[List[int]] = None

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        self._num_validations += 1
        if self._num_validations % self.interval or not is_main_process():
            return
        dataset = runner.val_dataloader.dataset
        if self._numbers is None:
            self._numbers = _queries(dataset, self.num_images)
        items = [dataset[number] for number in self._numbers]
        # What comes out of the pipeline is what the model sees: BGR.
        photos = [_photo(item['inputs']) for item in items]
        model = bare_model(runner.model)
        data = model.data_preprocessor(pseudo_collate(items), False)
        heats = heat_maps(model, data['inputs'], data['data_samples'])
        rows = []
        for number, (photo, item) in enumerate(zip(photos, items)):
            pictures = [
                Picture(
                    overlay_heat(photo, heat[number].float().cpu().numpy()),
                    name.replace('_from_', '\nfrom '))
                for name, heat in heats.items()
            ]
            title = f'person\n{item["data_samples"].pid}'
            rows.append(SheetRow(title, [Picture(photo, ''), *pictures]))
        # A training by iterations stays in epoch 0.
        by_iterations = isinstance(runner._train_loop, IterBasedTrainLoop)
        runner.visualizer.add_image(
            'explanations',
            draw_sheet(rows),
            step=runner.iter if by_iterations else runner.epoch)


def _queries(dataset: Any, number: int) -> List[int]:
    """Numbers of queries in the dataset."""
    roles = collect_annotations(dataset).roles
    queries = [i for i, role in enumerate(roles) if role == 'query']
    if len(queries) <= number:
        return queries
    return [queries[i * len(queries) // number] for i in range(number)]


def _photo(inputs: Any) -> np.ndarray:
    """(192, W, 3), RGB and uint8, of a tensor (3, H, W) as the pipeline gives
    it."""
    image = inputs.flip(0).permute(1, 2, 0).numpy().astype(np.uint8)
    height, width = image.shape[:2]
    size = max(round(width * _HEIGHT / height), 1), _HEIGHT
    return cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
