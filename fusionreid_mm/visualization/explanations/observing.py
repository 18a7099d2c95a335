import threading
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Iterable, Iterator

from torch import nn

#: ``observer(module, arguments, output)``; what it returns, unless None,
#: takes the place of the output.
Observer = Callable[[nn.Module, tuple, Any], Any]


@contextmanager
def observing(modules: Iterable[nn.Module],
              observer: Observer) -> Iterator[None]:
    """Let an observer see what modules are given and give.

    Only calls of this thread are seen, since others may use the model
    meanwhile. Nothing stays on the modules.
    """
    thread = threading.get_ident()

    def hook(module: nn.Module, arguments: tuple, output: Any) -> Any:
        if threading.get_ident() == thread:
            return observer(module, arguments, output)
        return None

    with ExitStack() as stack:
        for module in modules:
            stack.enter_context(module.register_forward_hook(hook))
        yield


@contextmanager
def testing(model: nn.Module) -> Iterator[None]:
    """The mode of evaluation; afterwards each module is in its own mode
    again."""
    in_training = [module for module in model.modules() if module.training]
    if in_training:
        model.eval()
    try:
        yield
    finally:
        for module in in_training:
            module.training = True
