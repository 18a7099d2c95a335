"""The small model as people have it: a config file and checkpoints."""
from pathlib import Path
from typing import NamedTuple, Optional

import torch
from mmengine.config import Config

from fusionreid_mm.engine.checkpoint import published_weights, write_published
from .small_model import small_model
from .small_run import TRAIN_PIDS, small_run_cfg


class SmallFiles(NamedTuple):
    """The file of a config, and that of a checkpoint which carries it."""
    config: str
    checkpoint: str


def write_small_files(folder: Path,
                      data_root: Optional[Path] = None,
                      seed: int = 0,
                      **changes) -> SmallFiles:
    """A config with changes by dotted key (dots as double underscores), and a
    checkpoint of random weights as the Runner writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    cfg = small_run_cfg(data_root or folder / 'data', folder / 'work_dir',
                        **changes)
    cfg.dump(folder / 'small.py')
    torch.manual_seed(seed)
    model = small_model(head__num_classes=len(TRAIN_PIDS))
    for parameter in model.parameters():
        # Also what starts at zero or one must tell the descriptors.
        parameter.data.add_(torch.randn_like(parameter), alpha=.02)
    checkpoint = dict(
        meta=dict(cfg=cfg.pretty_text, epoch=2, iter=8),
        state_dict=model.state_dict(),
        message_hub=dict(runtime_info=dict(cfg=cfg.pretty_text)))
    torch.save(checkpoint, folder / 'epoch_2.pth')
    return SmallFiles(str(folder / 'small.py'), str(folder / 'epoch_2.pth'))


def publish(checkpoint: str, name: str, with_classifiers: bool = True) -> str:
    """Publish it beside itself, under a name of either kind."""
    path = Path(checkpoint)
    weights = published_weights(
        torch.load(path, weights_only=True), with_classifiers)
    return str(write_published(weights, path.with_name(name)))


def config_of(files: SmallFiles) -> Config:
    return Config.fromfile(files.config)
