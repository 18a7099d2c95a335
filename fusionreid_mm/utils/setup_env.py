from importlib import import_module

from mmengine.registry import init_default_scope

from fusionreid_mm.registry import SCOPE


def register_all_modules(init_scope: bool = True) -> None:
    """Import everything that registers itself.

    ``mmengine.hub.get_model`` calls it, as do programs of other OpenMMLab
    projects. Configs do not need it: ``default_scope = 'fusionreid_mm'`` is
    enough.

    Args:
        init_scope (bool): Whether bare names in configs mean this package from
            now on. Defaults to True.
    """
    for package in ('apis', 'datasets', 'engine', 'evaluation', 'models',
                    'visualization'):
        import_module(f'fusionreid_mm.{package}')
    if init_scope:
        init_default_scope(SCOPE)
