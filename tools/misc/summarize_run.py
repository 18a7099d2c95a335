"""Print the metrics of a run, before training and after, and its files."""
import argparse
import json
from pathlib import Path
from typing import Dict, Iterator, List


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('work_dir', type=Path, help='work dir of the training')
    parser.add_argument(
        '--metrics',
        type=Path,
        help='written by tools/test.py --out-item metrics (default: '
        'metrics.json in the work dir)')
    return parser.parse_args()


def validations(work_dir: Path) -> Iterator[Dict[str, float]]:
    """The metrics of each validation, in the order of time."""
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text(encoding='utf-8').splitlines():
            scalars = json.loads(line)
            if any(name.startswith('reid/') for name in scalars):
                yield scalars


def table(rows: Dict[str, Dict[str, float]]) -> List[str]:
    # Not those of single embeddings, reid/cnn/mAP.
    names = [
        name for name in next(iter(rows.values()))
        if name.startswith('reid/') and name.count('/') == 1
    ]
    lines = [' ' * 16 + ''.join(f'{name[5:]:>9}' for name in names)]
    for title, metrics in rows.items():
        values = ''.join(f'{metrics[name]:8.1f}%' for name in names)
        lines.append(f'{title:16}{values}')
    return lines


def main() -> None:
    args = parse_args()
    metrics = args.metrics or args.work_dir / 'metrics.json'
    if not metrics.is_file():
        raise FileNotFoundError(
            f'there is no {metrics}: it is written by tools/test.py --out '
            f'{metrics} --out-item metrics')
    rows = {}
    untrained = [row for row in validations(args.work_dir) if row['step'] == 0]
    if untrained:
        rows['before training'] = untrained[-1]
    rows['after training'] = json.loads(metrics.read_text(encoding='utf-8'))
    print('\n'.join(['', *table(rows), '']))

    logs = sorted(args.work_dir.glob('*/*.log'))
    files = {
        'checkpoint': args.work_dir / 'last_checkpoint',
        'report': args.work_dir / 'report.html',
        'ranked lists': args.work_dir / 'pictures',
        'CMC curve': args.work_dir / 'pictures' / 'cmc.png',
        'metrics': metrics,
        'training log': logs[-1] if logs else args.work_dir,
    }
    last = files['checkpoint']
    if last.is_file():
        name = Path(last.read_text(encoding='utf-8').strip()).name
        files['checkpoint'] = args.work_dir / name
    for title, path in files.items():
        if path.exists():
            print(f'{title:16}{path}')


if __name__ == '__main__':
    main()
