"""Print the parameters and FLOPs of models, and the paper's beside them.

Examples:

    python tools/analysis_tools/get_complexity.py configs/fusionreid_msmt17.py
    python tools/analysis_tools/get_complexity.py --paper-table
"""
import argparse
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import mmengine
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.utils.flop_counter import FlopCounterMode

from fusionreid_mm.engine.command_line import image_size_of, load_config
from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]

WAY_OF_COUNTING = '''\
Of one image, by its shapes alone. A multiply-add is one operation (MAC), as in
the paper's FLOPs; twice as many are floating point operations.
  layers     convolutions and linear layers
  attention  matrix products outside of layers: queries by keys, weights by
             values
The paper counts the layers alone, and as parameters those of layers and norms:
not the position, class and camera embeddings, and not the head.'''


class Complexity(NamedTuple):
    """What a model, or a part of it, costs for one image.

    Attributes:
        parameters: All parameters.
        layer_parameters: Those that modules without children hold. A class
            token, for one, is none of them.
        layers: MACs of convolutions and linear layers.
        attention: MACs of other matrix products.
    """
    parameters: int
    layer_parameters: int
    layers: int
    attention: int

    @property
    def total(self) -> int:
        """All MACs."""
        return self.layers + self.attention


class PaperNumbers(NamedTuple):
    """What the paper says of a model; its FLOPs are MACs."""
    name: str
    config: Path
    parameters: float
    flops: float


def count_complexity(model: FusionReID,
                     image_size: Tuple[int, int]) -> Dict[str, Complexity]:
    """Count a model's operations without computing any.

    Args:
        model (FusionReID): The model; it is moved to PyTorch's ``meta``
            device and has no values then.
        image_size (Tuple[int, int]): Height and width in pixels.

    Returns:
        Dict[str, Complexity]: Of each part by name, and of ``'all'``.
    """
    model = model.to('meta').eval()
    parts = dict(_parts(model))
    layers: Counter = Counter()
    products: Counter = Counter()
    counter = FlopCounterMode(display=False)

    def begin(part: str) -> None:
        products[part] -= counter.get_total_flops() // 2

    def end(part: str) -> None:
        products[part] += counter.get_total_flops() // 2

    def count_layer(part: str, weight: torch.Tensor,
                    output: torch.Tensor) -> None:
        # Each number of the output is a sum over one filter, or one row.
        layers[part] += output.numel() * weight[0].numel()

    for name, module in parts.items():
        for called in _called(module):
            called.register_forward_pre_hook(
                lambda m, i, name=name: begin(name))
            called.register_forward_hook(lambda m, i, o, name=name: end(name))
        for layer in module.modules():
            if isinstance(layer, (_ConvNd, nn.Linear)):
                layer.register_forward_hook(
                    lambda m, i, o, name=name: count_layer(name, m.weight, o))
    with torch.no_grad(), counter:
        model(torch.empty(1, 3, *image_size, device='meta'))

    rows = {
        name:
        Complexity(
            parameters=_num_parameters(module),
            layer_parameters=_num_layer_parameters(module),
            layers=layers[name],
            attention=products[name] - layers[name])
        for name, module in parts.items()
    }
    num_layers = sum(layers.values())
    rows['all'] = Complexity(
        parameters=_num_parameters(model),
        layer_parameters=_num_layer_parameters(model),
        layers=num_layers,
        attention=counter.get_total_flops() // 2 - num_layers)
    return rows


def as_the_paper_counts(rows: Dict[str, Complexity]) -> Tuple[int, int]:
    """Parameters and MACs without embeddings, head and attention products."""
    parameters = rows['all'].layer_parameters - rows['head'].layer_parameters
    return parameters, rows['all'].layers - rows['head'].layers


def read_paper_numbers(
        index: Path = ROOT / 'model-index.yml') -> List[PaperNumbers]:
    """The models of the metafiles of which the paper tells the size."""
    numbers = []
    for metafile in mmengine.load(index)['Import']:
        for model in mmengine.load(index.parent / metafile)['Models']:
            metadata = model.get('Metadata', {})
            if 'Parameters (paper)' in metadata:
                numbers.append(
                    PaperNumbers(model['Name'], index.parent / model['Config'],
                                 metadata['Parameters (paper)'],
                                 metadata['FLOPs (paper)']))
    return numbers


def _parts(model: FusionReID) -> Iterator[Tuple[str, nn.Module]]:
    for name in ('branches', 'neck'):
        whole = getattr(model, name)
        if whole is not None:
            for child, module in whole.named_children():
                yield f'{name}.{child}', module
    yield 'head', model.head


def _called(module: nn.Module) -> Iterator[nn.Module]:
    """What runs of a module: lists and dicts themselves do not."""
    if isinstance(module, (nn.ModuleList, nn.ModuleDict)):
        for child in module.children():
            yield from _called(child)
    else:
        yield module


def _num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _num_layer_parameters(module: nn.Module) -> int:
    return sum(
        _num_parameters(leaf) for leaf in module.modules()
        if not any(True for _ in leaf.children()))


def _count_config(cfg: Config) -> Dict[str, Complexity]:
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    return count_complexity(MODELS.build(cfg.model), image_size_of(cfg))


def _print_model(cfg: Config, paper: Optional[PaperNumbers]) -> None:
    rows = _count_config(cfg)
    height, width = image_size_of(cfg)
    print(f'\n{cfg.filename}, {height} x {width} pixels')
    print(f'{"":22}{"parameters":>12}{"layers":>12}{"attention":>12}'
          f'{"together":>12}')
    print(f'{"":22}{"M":>12}{"GMACs":>12}{"GMACs":>12}{"GMACs":>12}')
    for name, row in rows.items():
        print(f'{name:22}{row.parameters / 1e6:12.2f}{row.layers / 1e9:12.2f}'
              f'{row.attention / 1e9:12.2f}{row.total / 1e9:12.2f}')
    parameters, macs = as_the_paper_counts(rows)
    print(f'{"as the paper counts":22}{parameters / 1e6:12.2f}'
          f'{macs / 1e9:12.2f}')
    if paper is not None:
        print(f'{"the paper":22}{paper.parameters / 1e6:12.1f}'
              f'{paper.flops / 1e9:12.1f}')


def _print_paper_table() -> None:
    print(f'\n{"":32}{"parameters, M":^20}{"FLOPs, G":^20}'
          f'{"with attention":>16}{"with head etc.":>16}')
    print(f'{"":32}{"here":>10}{"paper":>10}{"here":>10}{"paper":>10}'
          f'{"GMACs":>16}{"M":>16}')
    for paper in read_paper_numbers():
        rows = _count_config(load_config(str(paper.config)))
        parameters, macs = as_the_paper_counts(rows)
        print(f'{paper.name:32}{parameters / 1e6:10.2f}'
              f'{paper.parameters / 1e6:10.1f}{macs / 1e9:10.2f}'
              f'{paper.flops / 1e9:10.1f}{rows["all"].total / 1e9:16.2f}'
              f'{rows["all"].parameters / 1e6:16.2f}')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('configs', nargs='*', help='config files')
    parser.add_argument(
        '--paper-table',
        action='store_true',
        help='all models of the metafiles of which the paper tells the size')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override keys of the configs, as key=value with dots for nested '
        'keys')
    args = parser.parse_args()
    if not args.configs and not args.paper_table:
        parser.error('name a config, or --paper-table')
    return args


def main() -> None:
    args = parse_args()
    print(WAY_OF_COUNTING)
    # With options it is no model of the paper any more.
    papers: Dict[Path, Any] = {} if args.cfg_options else {
        paper.config.resolve(): paper
        for paper in read_paper_numbers()
    }
    for path in args.configs:
        try:
            cfg = load_config(path, args.cfg_options)
            _print_model(cfg, papers.get(Path(path).resolve()))
        # As of images that the Transformer was not built for.
        except ValueError as error:
            raise SystemExit(f'{path}: {error}') from error
    if args.paper_table:
        _print_paper_table()


if __name__ == '__main__':
    main()
