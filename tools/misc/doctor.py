"""Check environment, data, weights and a config, and tell what to do.

Examples:

    python tools/misc/doctor.py configs/fusionreid_market.py
    python tools/misc/doctor.py configs/fusionreid_market.py --images all
"""
import argparse
import sys
import textwrap
from collections import Counter
from typing import Optional

from fusionreid_mm.engine.command_line import (add_config_arguments,
                                               load_config, set_work_dir)
from fusionreid_mm.engine.doctor import Finding, examine


def number_of_images(text: str) -> Optional[int]:
    """``'all'`` as None, or a number."""
    return None if text == 'all' else int(text)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog='Ends with exit code 1 if there is a problem.')
    add_config_arguments(parser)
    parser.add_argument(
        '--work-dir',
        help='folder of logs and checkpoints (default: work_dirs/<config>)')
    parser.add_argument(
        '--images',
        type=number_of_images,
        default=500,
        metavar='all|N',
        help='images to decode of each dataset (default: 500)')
    return parser.parse_args()


def print_finding(finding: Finding) -> None:
    first, *others = finding.text.splitlines()
    print(f'{finding.severity:8} {finding.subject:17} {first}')
    for line in others:
        print(' ' * 29 + line)
    if finding.advice:
        print(textwrap.indent(f'-> {finding.advice}', ' ' * 27))


def main() -> None:
    args = parse_args()
    try:
        cfg = load_config(args.config, args.cfg_options)
    except Exception as error:  # also of the Python of the file
        print_finding(
            Finding('problem', 'config', f'{type(error).__name__}: {error}'))
        sys.exit(1)
    set_work_dir(cfg, args.config, args.work_dir)
    numbers: Counter = Counter()
    for finding in examine(cfg, args.images):
        print_finding(finding)
        numbers[finding.severity] += 1
    print(f'{numbers["problem"]} problems, {numbers["warning"]} warnings')
    sys.exit(numbers['problem'] > 0)


if __name__ == '__main__':
    main()
