"""Print a whole config: ``python tools/misc/print_config.py CONFIG``.

With all that it inherits and that ``--cfg-options`` overrides, as the text of
a config that can be run.
"""
import argparse

from fusionreid_mm.engine.command_line import add_config_arguments, load_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Print a whole config')
    add_config_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    # Not through rich, as mmpretrain does: it would break long lines.
    print(load_config(args.config, args.cfg_options).pretty_text, end='')


if __name__ == '__main__':
    main()
