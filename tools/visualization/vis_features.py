"""Do both branches describe people alike, before and after they are fused?

Draws maps of the embeddings (colour: the person, shape: the branch) and
measures how far the branches are apart at each stage. Example:

    python tools/visualization/vis_features.py CONFIG CHECKPOINT --out features
"""
import argparse
import json
from typing import Dict, Iterator, List, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.registry import init_default_scope

from fusionreid_mm.apis.embeddings import extract_embeddings
from fusionreid_mm.apis.inferencer import ReIDInferencer
from fusionreid_mm.apis.looking_inside import (add_model_arguments,
                                               build_inferencer, evenly)
from fusionreid_mm.checkpoint_io import write_atomically
from fusionreid_mm.datasets import collect_annotations
from fusionreid_mm.engine.figures import add_figure_arguments, drawing
from fusionreid_mm.evaluation.functional import (DISTANCES, align_branches,
                                                 halves_apart, stages_of,
                                                 unit_vectors)
from fusionreid_mm.registry import DATASETS
from fusionreid_mm.sources import PersonImage
from fusionreid_mm.sources.image_items import Item
from fusionreid_mm.visualization.embedding_map import (METHODS, check_layout,
                                                       draw_map, lay_out)

# What the columns of the table are called.
_COLUMNS = dict(
    cka='CKA',
    same_neighbor='same neighbour',
    cross_rank1='cross Rank-1',
    mmd='MMD^2',
    frechet='Frechet',
    sliced_wasserstein='sliced W2',
    mean_gap='gap of means')


class KnownImage(NamedTuple):
    """An image, and who is on it."""
    item: Item
    pid: int


def test_images(cfg: Config) -> List[KnownImage]:
    """Query and gallery, without junk and people who are no queries."""
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    annotations = collect_annotations(
        DATASETS.build(cfg.test_dataloader.dataset))
    queried = {
        pid
        for pid, role in zip(annotations.pids, annotations.roles)
        if role == 'query'
    }
    images = []
    for pid, camid, path in zip(annotations.pids, annotations.camids,
                                annotations.img_paths):
        if camid is not None and camid < 0:
            camid = None
        if pid in queried:
            images.append(
                KnownImage(Item(PersonImage(path, camid), camid), pid))
    return images


def images_to_map(images: List[KnownImage], max_num_class: int,
                  max_num_samples: int) -> List[int]:
    """Numbers of so many images of each of so many people."""
    numbers: Dict[int, List[int]] = {}
    for number, image in enumerate(images):
        numbers.setdefault(image.pid, []).append(number)
    people = evenly(sorted(numbers), max_num_class)
    return [
        number for pid in people
        for number in evenly(numbers[pid], max_num_samples)
    ]


def plot(figure: Figure, embeddings: Dict[str, np.ndarray], pids: np.ndarray,
         args: argparse.Namespace) -> None:
    """A map of each stage; where the widths of the branches differ, of each
    branch."""
    panels = []
    for stage in stages_of(embeddings):
        vectors = dict(
            cnn=unit_vectors(embeddings[stage.cnn]),
            transformer=unit_vectors(embeddings[stage.transformer]))
        if vectors['cnn'].shape[1] == vectors['transformer'].shape[1]:
            panels.append((f'{stage.cnn} and {stage.transformer}', vectors))
        else:
            panels += [(getattr(stage, branch), {
                branch: values
            }) for branch, values in vectors.items()]
    num_columns = -(-len(panels) // 2)
    all_axes = figure.subplots(2, num_columns, squeeze=False).ravel()
    for axes, (title, vectors) in zip(all_axes, panels):
        points = lay_out(
            np.concatenate(list(vectors.values())), args.method,
            args.perplexity, args.seed)
        draw_map(axes, dict(zip(vectors, np.split(points, len(vectors)))),
                 pids)
        axes.set_title(title)
    for axes in all_axes[len(panels):]:
        axes.set_visible(False)


def measure(images: List[KnownImage], embeddings: Dict[str,
                                                       np.ndarray]) -> dict:
    """What is written and printed."""
    pids = np.array([image.pid for image in images])
    # How many others show the same person. Only where there is one can it be
    # found.
    same = (pids[:, None] == pids).sum(axis=1) - 1
    found = same[same > 0]
    stages = align_branches(embeddings, pids if len(found) else None)
    halves = halves_apart(embeddings)
    chance = dict(same_neighbor=1 / (len(pids) - 1))
    if len(found):
        chance['cross_rank1'] = found.mean() / (len(pids) - 1)
    return dict(
        num_images=len(images),
        num_people=len(set(pids.tolist())),
        stages=stages,
        halves={
            name: halves[name]
            for name, row in stages.items() if set(DISTANCES) <= set(row)
        },
        chance=chance)


def table(found: dict) -> Iterator[str]:
    """The lines of what is printed."""
    yield (f'{found["num_images"]} images of {found["num_people"]} people, '
           'CNN branch against Transformer branch:')
    yield ' ' * 22 + ''.join(f'{title:>16}' for title in _COLUMNS.values())
    rows = {
        **found['stages'],
        **{
            f'two halves of {name}': row
            for name, row in found['halves'].items()
        }, 'chance': found['chance']
    }
    for name, row in rows.items():
        cells = (f'{row[key]:>16.4f}' if key in row else f'{"-":>16}'
                 for key in _COLUMNS)
        yield f'{name:<22}' + ''.join(cells)


def check(inferencer: ReIDInferencer, to_map: List[KnownImage],
          to_measure: List[KnownImage], args: argparse.Namespace) -> None:
    """Refuse what would fail in the end.

    Raises:
        ModuleNotFoundError: If the library of the method is missing.
        ValueError: If there are too few images, or no two branches.
    """
    check_layout(len(to_map), args.method, args.perplexity)
    if len(to_measure) < 4:
        raise ValueError(f'{len(to_measure)} images are too few to measure '
                         'anything: it takes 4 (--num-images)')
    embeddings = list(inferencer.model.head.bnnecks)
    if not stages_of(embeddings):
        raise ValueError("the model has no 'cnn' and 'transformer' that could "
                         f'be compared: its embeddings are {embeddings}')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Draw and measure whether both branches describe people '
        'alike, before and after they are fused')
    add_model_arguments(parser)
    parser.add_argument(
        '--method',
        choices=list(METHODS),
        default='tsne',
        help='how the maps are made (default: %(default)s)')
    parser.add_argument(
        '--max-num-class',
        type=int,
        default=20,
        help='people on the maps (default: %(default)s)')
    parser.add_argument(
        '--max-num-samples',
        type=int,
        default=100,
        help='images of each (default: %(default)s)')
    parser.add_argument(
        '--num-images',
        type=int,
        default=2000,
        help='images to measure, evenly spread over the test set; memory '
        'grows with the square (default: %(default)s)')
    parser.add_argument(
        '--perplexity',
        type=float,
        default=30.,
        help='about how many neighbours count in a map (default: %(default)s)')
    parser.add_argument(
        '--batch-size',
        type=int,
        default=32,
        help='images at a time (default: %(default)s)')
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        help='of the maps (default: %(default)s)')
    add_figure_arguments(parser)
    args = parser.parse_args()
    for option in ('max_num_class', 'max_num_samples', 'num_images',
                   'batch_size', 'perplexity'):
        if getattr(args, option) < 1:
            parser.error(f'--{option.replace("_", "-")} must be at least 1: '
                         f'got {getattr(args, option)}')
    return args


def main() -> None:
    args = parse_args()
    inferencer = build_inferencer(args)
    images = test_images(inferencer.cfg)
    to_map = [
        images[number] for number in images_to_map(images, args.max_num_class,
                                                   args.max_num_samples)
    ]
    to_measure = evenly(images, args.num_images)
    check(inferencer, to_map, to_measure, args)

    def embed(chosen: List[KnownImage]) -> Dict[str, np.ndarray]:
        return extract_embeddings(inferencer, [image.item for image in chosen],
                                  args.batch_size)

    found = measure(to_measure, embed(to_measure))
    print('\n'.join(table(found)))
    write_atomically(args.out / 'alignment.json',
                     json.dumps(found, indent=2).encode())
    with drawing(args, args.out / 'features.png', False) as figure:
        plot(figure, embed(to_map), np.array([image.pid for image in to_map]),
             args)
        if args.title:
            figure.suptitle(args.title)
    print(f'{args.out / "features.png"}, {args.out / "alignment.json"}')


if __name__ == '__main__':
    main()
