"""Shared by all tests: one thread, and no state left between them."""
import pytest
import torch
from helpers.global_instances import forget_global_instances

from fusionreid_mm.compat import silence_noise

# OpenMP threads that spin beside each other slow a small machine down by 5 to
# 10 times.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def leave_no_state():
    """Forget MMEngine's named singletons after each test, and silence what the
    package silences (pytest forgets that before each)."""
    silence_noise()
    yield
    forget_global_instances()
