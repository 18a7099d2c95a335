from importlib.util import find_spec


def has_mmengine() -> bool:
    """Whether models can be built and trained here. What was exported runs
    without."""
    return all(find_spec(name) for name in ('torch', 'mmengine'))
