"""Draw where the units of the fusion neck look.

For each HTM a row: the image, and the attention of the class token of either
branch over its own patches (SEU) and over those of the other (MFU).
Examples:

    python tools/visualization/vis_attention.py CONFIG CHECKPOINT \
        --out pictures
    python tools/visualization/vis_attention.py CONFIG CHECKPOINT \
        --images a.jpg b.jpg --camid 2 --out pictures
"""
import argparse
from collections import defaultdict
from typing import Dict, List

import numpy as np
from PIL import Image

from fusionreid_mm.apis.explanation import normalized_batch
from fusionreid_mm.apis.inferencer import ReIDInferencer
from fusionreid_mm.apis.looking_inside import (add_image_arguments,
                                               add_model_arguments,
                                               build_inferencer, chosen_items,
                                               file_name, heat_picture,
                                               tall_photo)
from fusionreid_mm.sources.image_items import Item
from fusionreid_mm.visualization import Picture, SheetRow, draw_sheet
from fusionreid_mm.visualization.explanations import attention_maps


def attention_sheet(inferencer: ReIDInferencer, item: Item) -> np.ndarray:
    """All maps of an image, (H, W, 3), RGB and uint8."""
    photo = tall_photo(item)
    rows: Dict[int,
               List[Picture]] = defaultdict(lambda: [Picture(photo, 'image')])
    for look in attention_maps(inferencer.model,
                               *normalized_batch(inferencer, [item])):
        heat = look.weights[0].mean(dim=0).float().cpu().numpy()
        rows[look.htm].append(
            heat_picture(
                photo, heat, f'{look.unit.upper()}: {look.branch}\n'
                f'over {look.patches}'))
    return draw_sheet([
        SheetRow(f'HTM {number + 1}', pictures)
        for number, pictures in sorted(rows.items())
    ])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw where the units of the fusion neck look')
    add_model_arguments(parser)
    add_image_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    inferencer = build_inferencer(args)
    items = chosen_items(inferencer.cfg, args)
    args.out.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(items):
        sheet = attention_sheet(inferencer, item)
        path = args.out / file_name(number, item)
        Image.fromarray(sheet).save(path)
        print(path)


if __name__ == '__main__':
    main()
