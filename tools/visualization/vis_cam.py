"""Draw what the descriptor of an image comes from, or why two images match.

The CNN branch is explained by the gradient of a similarity (Grad-CAM or
LayerCAM), the Transformer branch by attention rollout. Examples:

    python tools/visualization/vis_cam.py CONFIG CHECKPOINT --images a.jpg \
        --out pictures
    python tools/visualization/vis_cam.py CONFIG CHECKPOINT --images a.jpg \
        --reference b.jpg --out pictures
"""
import argparse
from typing import List, Optional

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from fusionreid_mm.apis.explanation import normalized_batch
from fusionreid_mm.apis.inferencer import ReIDInferencer
from fusionreid_mm.apis.looking_inside import (add_image_arguments,
                                               add_model_arguments,
                                               build_inferencer, check_camid,
                                               chosen_items, file_name,
                                               heat_picture, tall_photo)
from fusionreid_mm.models import CNNBranch, FusionReID, TransformerBranch
from fusionreid_mm.sources.image_items import Item, items_of
from fusionreid_mm.visualization import Picture, SheetRow, draw_sheet
from fusionreid_mm.visualization.explanations import (attention_rollout,
                                                      default_layer,
                                                      explain_similarity,
                                                      grad_cam, layer_cam)

METHODS = dict(gradcam=grad_cam, layercam=layer_cam)


def default_layers(model: FusionReID) -> List[str]:
    return [
        default_layer(model, name) for name, branch in model.branches.items()
        if isinstance(branch, CNNBranch)
    ]


def explained(inferencer: ReIDInferencer, item: Item,
              reference: Optional[Tensor],
              args: argparse.Namespace) -> List[Picture]:
    """The pictures of one image."""
    model = inferencer.model
    photo = tall_photo(item)
    batch = normalized_batch(inferencer, [item])
    pictures = []
    for layer in args.target_layers or default_layers(model):
        heat = explain_similarity(model, *batch, reference, layer,
                                  METHODS[args.method])
        name = layer.replace('branches.', '').replace('.backbone', '')
        pictures.append(
            heat_picture(photo, heat[0].cpu().numpy(),
                         f'{args.method}\n{name}'))
    for name, branch in model.branches.items():
        if isinstance(branch, TransformerBranch):
            heat = attention_rollout(model, *batch, name)
            pictures.append(
                heat_picture(photo, heat[0].cpu().numpy(), f'rollout\n{name}'))
    return [Picture(photo, 'image'), *pictures]


def rows_of(inferencer: ReIDInferencer, item: Item, reference: Optional[Item],
            args: argparse.Namespace) -> List[SheetRow]:
    """One row for an image alone. Of two, each is explained by the other."""
    if reference is None:
        return [SheetRow('', explained(inferencer, item, None, args))]
    descriptors = torch.cat(
        [describe(inferencer, image) for image in (item, reference)])
    similarity = F.cosine_similarity(*descriptors.split(1)).item()
    return [
        SheetRow(f'similarity\n{similarity:.3f}',
                 explained(inferencer, item, descriptors[1], args)),
        SheetRow('reference',
                 explained(inferencer, reference, descriptors[0], args))
    ]


@torch.no_grad()
def describe(inferencer: ReIDInferencer, item: Item) -> Tensor:
    """(1, D)."""
    return inferencer.model(*normalized_batch(inferencer, [item]))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw what the descriptor of an image comes from, or why '
        'two images match')
    add_model_arguments(parser)
    add_image_arguments(parser)
    parser.add_argument(
        '--reference',
        help='another image: what makes each image similar to it is drawn, '
        'and the other way round')
    parser.add_argument(
        '--reference-camid',
        type=int,
        help='its camera, from 0 (default: nobody knows it)')
    parser.add_argument(
        '--method',
        type=str.lower,
        choices=list(METHODS),
        default='layercam',
        help='what is drawn of a layer (default: %(default)s)')
    parser.add_argument(
        '--target-layers',
        nargs='+',
        metavar='LAYER',
        help='names of modules that give maps, as '
        'branches.cnn.backbone.layer4, or tokens, as '
        'branches.transformer.backbone.layers.2 (default: the second stage '
        'of a ResNet, the last map of another CNN)')
    args = parser.parse_args()
    if args.reference is None and args.reference_camid is not None:
        parser.error('--reference-camid is of --reference, which is missing')
    return args


def main() -> None:
    args = parse_args()
    inferencer = build_inferencer(args)
    items = chosen_items(inferencer.cfg, args)
    reference = None
    check_camid('--reference-camid', args.reference_camid)
    if args.reference is not None:
        reference, *others = items_of(args.reference, args.reference_camid)
        if others:
            raise ValueError(f'--reference {args.reference} is not one image')
    args.out.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(items):
        sheet = draw_sheet(rows_of(inferencer, item, reference, args))
        path = args.out / file_name(number, item)
        Image.fromarray(sheet).save(path)
        print(path)


if __name__ == '__main__':
    main()
