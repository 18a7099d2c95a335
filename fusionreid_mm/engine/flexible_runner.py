"""What MMEngine's FlexibleRunner does not do, or not here, said before the
run."""
import mmengine
import torch
from mmengine.config import Config
from mmengine.utils import digit_version

# Read from the config by the Runner alone, and where its substitute reads it.
_OF_RUNNER = {
    'activation_checkpointing': 'strategy.activation_checkpointing of FSDP',
    'compile': None,
    'efficient_conv_bn_eval': None,
    'find_unused_parameters': 'strategy.model_wrapper.find_unused_parameters',
    'model_wrapper_cfg': 'strategy.model_wrapper',
    'sync_bn': 'strategy.sync_bn',
}


def check_runner(cfg: Config) -> None:
    """Refuse keys that the Runner of a config would ignore, and strategies
    that would fail in the middle of it.

    Raises:
        ValueError: If there is one.
    """
    if cfg.get('runner_type', 'Runner') != 'FlexibleRunner':
        if cfg.get('strategy') is not None:
            raise ValueError(
                'strategy is read by the FlexibleRunner only: set '
                "runner_type='FlexibleRunner', or leave strategy out")
        return
    for key, place in _OF_RUNNER.items():
        if cfg.get(key):
            advice = f'set {place} instead' if place else (
                "leave it out, or use runner_type='Runner'")
            raise ValueError(f'the FlexibleRunner ignores {key}: {advice}')
    if _strategy_name(cfg) == 'FSDPStrategy':
        _check_fsdp(cfg)


def _strategy_name(cfg: Config) -> str:
    kind = (cfg.get('strategy') or {}).get('type', '')
    return kind if isinstance(kind, str) else kind.__name__


def _check_fsdp(cfg: Config) -> None:
    if not torch.cuda.is_available():
        raise ValueError(
            'FSDPStrategy shards a model over GPUs, and there is none: take '
            "strategy=dict(type='DDPStrategy')")
    if cfg.get('launcher', 'none') == 'none':
        raise ValueError('FSDPStrategy needs processes: start them with '
                         'tools/dist_train.sh, or --launcher')


def check_resume(cfg: Config) -> None:
    """Refuse to go on where the strategy of a config cannot.

    Raises:
        ValueError: If it cannot.
    """
    is_old = digit_version(mmengine.__version__) < digit_version('0.11.0rc0')
    if _strategy_name(cfg) == 'FSDPStrategy' and is_old:
        raise ValueError(
            f'FSDPStrategy of mmengine {mmengine.__version__} cannot resume '
            "an optimizer's state on this PyTorch: go on from the weights "
            'alone (load_from), or train with DDPStrategy')
