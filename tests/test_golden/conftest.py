import os

import pytest
import torch


@pytest.fixture(autouse=True)
def all_cores():
    """The full-size model in float64 is worth every core."""
    torch.set_num_threads(os.cpu_count() or 1)
    yield
    torch.set_num_threads(1)
