"""Shared by all tests: one thread, and no state left between them."""
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

# OpenMP threads that spin beside each other slow a small machine down by 5 to
# 10 times.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def forget_global_instances():
    """Clear MMEngine's named singletons after each test."""
    yield
    for manager in (DefaultScope, MessageHub, MMLogger, Visualizer):
        manager._instance_dict.clear()
