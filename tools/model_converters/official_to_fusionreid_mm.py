"""Convert a checkpoint of the released FusionReID code into one of ours."""
import argparse
import os
import os.path as osp

import torch
from mmengine.registry import init_default_scope

from fusionreid_mm.checkpoint_io import read_checkpoint
from fusionreid_mm.engine.checkpoint import convert_official_state_dict
from fusionreid_mm.engine.command_line import add_config_arguments, load_config
from fusionreid_mm.registry import MODELS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Rename the entries of a state dict of the released '
        'FusionReID code, strictly: an entry that is missing, left over or '
        'of another shape than the model of CONFIG is an error that names it')
    add_config_arguments(parser)
    parser.add_argument('src', help='file of the released code')
    parser.add_argument('dst', help='file to write; must not exist yet')
    args = parser.parse_args()
    if not osp.isfile(args.src):
        parser.error(f'there is no file {args.src!r}')
    if osp.exists(args.dst):
        parser.error(f'{args.dst!r} exists already: choose another name')
    return args


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    model = MODELS.build(cfg.model)
    source = read_checkpoint(args.src, 'cpu')
    converted = convert_official_state_dict(
        source.get('state_dict', source), model)
    os.makedirs(osp.dirname(osp.abspath(args.dst)), exist_ok=True)
    torch.save(
        dict(state_dict=converted, meta=dict(cfg=cfg.pretty_text)), args.dst)
    print(f'{len(converted)} entries written to {args.dst}')


if __name__ == '__main__':
    main()
