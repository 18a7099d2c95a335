"""Small datasets of real JPEG files, in the layouts of the real ones."""
from pathlib import Path
from typing import Dict, Iterable, Tuple

import numpy as np
from PIL import Image

# (pid, camera from 1, how many)
Spec = Iterable[Tuple[int, int, int]]

MARKET_SPLITS: Dict[str, Spec] = {
    'bounding_box_train': [(2, 1, 3), (2, 2, 2), (7, 1, 4), (11, 3, 1)],
    'query': [(1, 1, 1), (1, 2, 1), (3, 1, 1)],
    'bounding_box_test': [(1, 1, 2), (1, 2, 1), (3, 3, 2), (0, 2, 3),
                          (-1, 1, 2)],
}


def write_image(path: Path, seed: int = 0, size=(32, 64)) -> None:
    """A JPEG of smooth random colours; ``size`` is width and height."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (4, 2, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC).save(path)


def write_market(root: Path, splits: Dict[str, Spec] = MARKET_SPLITS) -> Path:
    """Market-1501: ``0002_c1s1_000451_03.jpg``."""
    for folder, spec in splits.items():
        for pid, camera, count in spec:
            for i in range(count):
                name = f'{pid:04d}_c{camera}s1_{i:06d}_00.jpg'
                name = name.replace('-001', '-1')
                write_image(root / folder / name, seed=1000 * pid + i + 2000)
    return root


def write_duke(root: Path) -> Path:
    """DukeMTMC-reID: ``0005_c2_f0046985.jpg``."""
    splits = {
        'bounding_box_train': [(5, 1, 2), (6, 8, 2)],
        'query': [(7, 1, 1)],
        'bounding_box_test': [(7, 2, 1), (9, 3, 2)],
    }
    for folder, spec in splits.items():
        for pid, camera, count in spec:
            for i in range(count):
                write_image(
                    root / folder / f'{pid:04d}_c{camera}_f{i:07d}.jpg',
                    seed=pid)
    return root


def write_msmt17(root: Path, version: str = 'V1') -> Path:
    """MSMT17: lists of ``0000/0000_000_01_0303morning_0008_0.jpg 0``."""
    train, test = {
        'V1': ('train', 'test'),
        'V2': ('mask_train_v2', 'mask_test_v2')
    }[version]
    lists = {
        'list_train.txt': (train, [(0, 1, 2), (1, 15, 1)]),
        'list_val.txt': (train, [(0, 2, 1), (1, 3, 1)]),
        'list_query.txt': (test, [(0, 1, 1)]),
        'list_gallery.txt': (test, [(0, 4, 2), (1, 5, 1)]),
    }
    for list_name, (folder, spec) in lists.items():
        lines = []
        for pid, camera, count in spec:
            for i in range(count):
                name = (f'{pid:04d}/{pid:04d}_{i:03d}_{camera:02d}_'
                        f'0303morning_{i:04d}_0.jpg')
                write_image(root / folder / name, seed=pid)
                lines.append(f'{name} {pid}\n')
        (root / list_name).write_text(''.join(lines))
    return root
