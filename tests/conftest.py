"""Shared by all tests: one thread, and no state left between them."""
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from fusionreid_mm.compat import silence_noise
from fusionreid_mm.visualization import ReIDVisualizer

# OpenMP threads that spin beside each other slow a small machine down by 5 to
# 10 times.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def forget_global_instances():
    """Clear MMEngine's named singletons after each test, and silence what the
    package silences (pytest forgets that before each)."""
    silence_noise()
    yield
    for manager in (DefaultScope, MessageHub, MMLogger, Visualizer,
                    ReIDVisualizer):
        manager._instance_dict.clear()
