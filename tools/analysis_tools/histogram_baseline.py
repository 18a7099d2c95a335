"""How far colours alone get: rank the gallery of a dataset by histograms.

What a model must beat. Example:

    python tools/analysis_tools/histogram_baseline.py data/synthetic
"""
import argparse
from typing import Callable, Dict, List

import cv2
import numpy as np

from fusionreid_mm.datasets import BaseReIDDataset, collect_annotations
from fusionreid_mm.evaluation.functional import evaluate_ranking
from fusionreid_mm.registry import DATASETS

STRIPES = 6  # from head to feet
BINS = 8  # of each channel


def rgb_histogram(image: np.ndarray) -> np.ndarray:
    """Return the joint histogram of red, green and blue, 512 bins."""
    return _joint_histogram(image, 256)


def hsv_histogram(image: np.ndarray) -> np.ndarray:
    """Return the joint histogram of hue, saturation and value, 512 bins."""
    # OpenCV's hue of an 8-bit image ends at 180.
    return _joint_histogram(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), 180)


def striped_histogram(image: np.ndarray) -> np.ndarray:
    """Return one histogram per channel of six stripes, 144 bins."""
    counts = [
        cv2.calcHist([np.ascontiguousarray(stripe)], [channel], None, [BINS],
                     [0, 256]) for stripe in np.array_split(image, STRIPES)
        for channel in range(3)
    ]
    return np.concatenate([(count / count.sum()).ravel() for count in counts])


def read_image(path: str) -> np.ndarray:
    image = cv2.imread(path)
    if image is None:
        raise ValueError(f'{path} is not an image')
    return image


def _joint_histogram(image: np.ndarray, first_end: int) -> np.ndarray:
    counts = cv2.calcHist([image], [0, 1, 2], None, [BINS] * 3,
                          [0, first_end, 0, 256, 0, 256])
    return (counts / counts.sum()).ravel()


HISTOGRAMS: Dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'RGB': rgb_histogram,
    'HSV': hsv_histogram,
    'RGB in stripes': striped_histogram,
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data_root', help='folder of the dataset')
    parser.add_argument(
        '--type',
        default='Market1501',
        choices=['Market1501', 'DukeMTMCreID', 'MSMT17'],
        help='class that reads it (default: %(default)s)')
    return parser.parse_args()


def measure(dataset: BaseReIDDataset) -> Dict[str, List[float]]:
    """Return the mAP of each histogram, by cosine and by Hellinger distance.

    The Hellinger distance is the Euclidean one between square roots.
    """
    annotations = collect_annotations(dataset)
    pids, camids = np.array(annotations.pids), np.array(annotations.camids)
    query = np.array(annotations.roles) == 'query'
    histograms: Dict[str, List[np.ndarray]] = {name: [] for name in HISTOGRAMS}
    for path in annotations.img_paths:
        image = read_image(path)
        for name, histogram in HISTOGRAMS.items():
            histograms[name].append(histogram(image))
    results = {}
    for name, rows in histograms.items():
        features = np.stack(rows)
        results[name] = [
            evaluate_ranking(values[query], values[~query], pids[query],
                             pids[~query], camids[query], camids[~query],
                             metric).mAP
            for values, metric in ((features, 'cosine'), (np.sqrt(features),
                                                          'euclidean'))
        ]
    return results


def main() -> None:
    args = parse_args()
    dataset = DATASETS.build(
        dict(type=args.type, data_root=args.data_root, split='test'))
    print(f'{"mAP in %":16}{"cosine":>10}{"Hellinger":>12}')
    for name, (cosine, hellinger) in measure(dataset).items():
        print(f'{name:16}{100 * cosine:10.1f}{100 * hellinger:12.1f}')


if __name__ == '__main__':
    main()
