import io
import logging
import warnings
from contextlib import contextmanager, redirect_stdout
from typing import Iterator


@contextmanager
def quietly() -> Iterator[None]:
    """Without what PyTorch tells while it exports: warnings of its own code,
    of the end of TorchScript, of checks of sizes that a trace leaves out on
    purpose, and the progress of its exporter."""
    logger = logging.getLogger('torch.onnx')
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore')
            yield
    finally:
        logger.setLevel(level)
