"""Measure how fast a model trains and infers, and the memory it takes.

Examples:

    python tools/analysis_tools/benchmark_model.py configs/fusionreid_msmt17.py
    # the processor of a machine that has a GPU
    CUDA_VISIBLE_DEVICES= python tools/analysis_tools/benchmark_model.py \
        configs/fusionreid_msmt17.py --batch-size 16 --measure fp32 attention
"""
import argparse
import os
import platform
import re
import time
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import (Callable, ContextManager, Dict, Iterator, List, NamedTuple,
                    Optional, Tuple)
from unittest import mock

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from fusionreid_mm.engine.command_line import (add_config_arguments,
                                               image_size_of, load_config)
from fusionreid_mm.engine.peak_memory import peak_memory, reset_peak_memory
from fusionreid_mm.models import FusionReID
from fusionreid_mm.registry import MODELS
from fusionreid_mm.structures import ReIDDataSample

MODES = ('fp32', 'amp', 'channels-last', 'compile')
PHASES = ('inference', 'training')
Step = Callable[[], object]


class Measurement(NamedTuple):
    """Of one step on one batch.

    Attributes:
        seconds: The median of all repetitions.
        memory: Peak memory in bytes: of the GPU's tensors, or of the whole
            process on the CPU. None where it cannot be known.
    """
    seconds: float
    memory: Optional[int]


def written_out(query: Tensor,
                key: Tensor,
                value: Tensor,
                attn_mask: Optional[Tensor] = None,
                dropout_p: float = 0.,
                is_causal: bool = False) -> Tensor:
    """The plain formulation of ``scaled_dot_product_attention``."""
    assert attn_mask is None and not is_causal
    weights = (query @ key.transpose(-2, -1)) * query.size(-1)**-0.5
    weights = F.dropout(weights.softmax(dim=-1), dropout_p)
    return weights @ value


@contextmanager
def plain_attention(model: nn.Module) -> Iterator[None]:
    """Let all attention of a model run in its plain formulation."""
    name = 'scaled_dot_product_attention'
    # Upstream's attention looked the function up when it was built.
    holders = [module for module in model.modules() if hasattr(module, name)]
    with ExitStack() as stack:
        for holder in (F, *holders):
            stack.enter_context(mock.patch.object(holder, name, written_out))
        yield


def build_model(cfg: Config, device: str, mode: str = 'fp32') -> FusionReID:
    """The model of a config with random weights, as ``mode`` wants it."""
    init_default_scope(cfg.get('default_scope', 'fusionreid_mm'))
    model = MODELS.build(cfg.model).to(device)
    if mode == 'channels-last':
        model = model.to(memory_format=torch.channels_last)
    if mode == 'compile':
        model.extract_embeddings = torch.compile(model.extract_embeddings)
    return model


def build_steps(cfg: Config,
                model: FusionReID,
                batch_size: int,
                mode: str = 'fp32') -> Dict[str, Step]:
    """What the Runner does with one batch in each of ``PHASES``, from 8-bit
    images to descriptors or to changed weights."""
    device = next(model.parameters()).device.type
    optim_wrapper = build_optim_wrapper(
        model,
        dict(
            type='AmpOptimWrapper' if mode == 'amp' else 'OptimWrapper',
            optimizer=cfg.optim_wrapper.optimizer))
    half = torch.float16 if device == 'cuda' else torch.bfloat16
    batch = random_batch(batch_size, *image_size_of(cfg))

    def infer() -> None:
        model.eval()
        with torch.no_grad(), torch.autocast(
                device, dtype=half, enabled=mode == 'amp'):
            model.test_step(batch)

    def train() -> None:
        model.train()
        model.train_step(batch, optim_wrapper)

    return dict(inference=infer, training=train)


def random_batch(batch_size: int, height: int, width: int) -> dict:
    """As a data loader gives it: pairs of images of one person each, all of
    one camera."""
    return dict(
        inputs=list(
            torch.randint(
                256, (batch_size, 3, height, width), dtype=torch.uint8)),
        data_samples=[
            ReIDDataSample(metainfo=dict(camid=0, label=i // 2 % 2))
            for i in range(batch_size)
        ])


def measure(step: Step, repeats: int, device: str) -> Measurement:
    """Run a step once to warm up and then several times."""
    step()
    reset_peak_memory(device)
    seconds = [_seconds(step, device) for _ in range(repeats)]
    return Measurement(median(seconds), peak_memory(device))


def compare_attention(model: FusionReID, step: Step, repeats: int,
                      device: str) -> Tuple[float, float]:
    """Seconds with ``scaled_dot_product_attention``, and with the softmax
    written out. They take turns, so that whatever else the machine does
    meets both."""
    contexts: Dict[bool, Callable[[], ContextManager[None]]] = {
        False: nullcontext,
        True: lambda: plain_attention(model)
    }
    seconds: Dict[bool, List[float]] = {False: [], True: []}
    for turn in range(-1, repeats):
        # Now the one goes first, now the other.
        for is_plain in (False, True) if turn % 2 else (True, False):
            with contexts[is_plain]():
                elapsed = _seconds(step, device)
            if turn >= 0:  # the first one warms up
                seconds[is_plain].append(elapsed)
    return median(seconds[False]), median(seconds[True])


def describe_machine(device: str) -> str:
    """Processor, GPU and versions, in a line."""
    processor = platform.machine()
    info = Path('/proc/cpuinfo')
    if info.is_file():
        names = re.findall(r'model name\s*:\s*(.+)', info.read_text())
        processor = names[0] if names else processor
    parts = [
        f'{processor}, {os.cpu_count()} cores',
        f'{torch.get_num_threads()} threads', f'PyTorch {torch.__version__}'
    ]
    if device == 'cuda':
        parts.insert(0, torch.cuda.get_device_name())
    return '; '.join(parts)


def _seconds(step: Step, device: str) -> float:
    _wait(device)
    start = time.perf_counter()
    step()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: str) -> None:
    if device == 'cuda':
        torch.cuda.synchronize()


def _print_modes(cfg: Config, args: argparse.Namespace, device: str) -> None:
    memory_of = 'tensors of the GPU' if device == 'cuda' else 'whole process'
    print(f'\n{"batch":>5}  {"phase":10}{"mode":14}{"images/s":>10}'
          f'{"peak GiB":>10}  ({memory_of})')
    for batch_size in args.batch_size:
        for mode in [mode for mode in args.measure if mode in MODES]:
            model = build_model(cfg, device, mode)
            steps = build_steps(cfg, model, batch_size, mode)
            for phase in PHASES:
                row = f'{batch_size:5}  {phase:10}{mode:14}'
                try:
                    result = measure(steps[phase], args.repeats, device)
                except RuntimeError as error:
                    print(f'{row}{_failure(error)}')
                    continue
                memory = '-' if result.memory is None else (
                    f'{result.memory / 2**30:.2f}')
                print(
                    f'{row}{batch_size / result.seconds:10.2f}{memory:>10}',
                    flush=True)


def _print_attention(cfg: Config, args: argparse.Namespace,
                     device: str) -> None:
    print(
        '\nSeconds of a step with scaled_dot_product_attention, and with the '
        'softmax written out')
    print(f'{"batch":>5}  {"phase":10}{"fused":>10}{"written out":>14}'
          f'{"written out / fused":>22}')
    for batch_size in args.batch_size:
        model = build_model(cfg, device)
        steps = build_steps(cfg, model, batch_size)
        for phase in PHASES:
            row = f'{batch_size:5}  {phase:10}'
            try:
                fused, plain = compare_attention(model, steps[phase],
                                                 args.repeats, device)
            except RuntimeError as error:
                print(f'{row}{_failure(error)}')
                continue
            print(
                f'{row}{fused:10.4f}{plain:14.4f}{plain / fused:22.3f}',
                flush=True)


def _failure(error: RuntimeError) -> str:
    """In place of a row's numbers: it is too large for the machine, say, or
    there is no compiler. The other rows can be measured."""
    return f'failed: {str(error).strip().splitlines()[0]}'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_config_arguments(parser)
    parser.add_argument(
        '--batch-size',
        type=int,
        nargs='+',
        default=[1, 16, 64],
        help='images of a step (default: %(default)s)')
    parser.add_argument(
        '--measure',
        nargs='+',
        choices=[*MODES, 'attention'],
        default=[*MODES, 'attention'],
        help='ways of running the model, and the comparison of fused attention'
        ' with the plain formulation (default: all)')
    parser.add_argument(
        '--repeats',
        type=int,
        default=5,
        help='timed steps, of which the median counts (default: %(default)s)')
    args = parser.parse_args()
    if min(args.batch_size) < 1 or args.repeats < 1:
        parser.error('--batch-size and --repeats must be at least 1')
    return args


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    torch.backends.cudnn.benchmark = cfg.get('env_cfg',
                                             {}).get('cudnn_benchmark', False)
    height, width = image_size_of(cfg)
    print(f'{args.config}, {height} x {width} pixels; median of '
          f'{args.repeats} steps')
    print(describe_machine(device))
    if set(args.measure) & set(MODES):
        _print_modes(cfg, args, device)
    if 'attention' in args.measure:
        _print_attention(cfg, args, device)


if __name__ == '__main__':
    main()
