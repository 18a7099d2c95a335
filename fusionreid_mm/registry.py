"""The child registries of scope ``fusionreid_mm``, one below each root
registry of MMEngine.

``locations`` let MMEngine import our modules by itself, so that
``default_scope = 'fusionreid_mm'`` in a config is all that a user needs.
"""
from mmengine import registry as mmengine_registry
from mmengine.registry import Registry

SCOPE = 'fusionreid_mm'


def _child(root: Registry, *locations: str) -> Registry:
    return Registry(
        root.name,
        parent=root,
        scope=SCOPE,
        locations=[f'{SCOPE}.{location}' for location in locations])


RUNNERS = _child(mmengine_registry.RUNNERS, 'engine')
RUNNER_CONSTRUCTORS = _child(mmengine_registry.RUNNER_CONSTRUCTORS, 'engine')
LOOPS = _child(mmengine_registry.LOOPS, 'engine')
HOOKS = _child(mmengine_registry.HOOKS, 'engine')
STRATEGIES = _child(mmengine_registry.STRATEGIES, 'engine')
LOG_PROCESSORS = _child(mmengine_registry.LOG_PROCESSORS, 'engine')
OPTIMIZERS = _child(mmengine_registry.OPTIMIZERS, 'engine')
OPTIM_WRAPPERS = _child(mmengine_registry.OPTIM_WRAPPERS, 'engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    mmengine_registry.OPTIM_WRAPPER_CONSTRUCTORS, 'engine')
PARAM_SCHEDULERS = _child(mmengine_registry.PARAM_SCHEDULERS, 'engine')

DATASETS = _child(mmengine_registry.DATASETS, 'datasets')
DATA_SAMPLERS = _child(mmengine_registry.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child(mmengine_registry.TRANSFORMS, 'datasets')

MODELS = _child(mmengine_registry.MODELS, 'models')
MODEL_WRAPPERS = _child(mmengine_registry.MODEL_WRAPPERS, 'models')
WEIGHT_INITIALIZERS = _child(mmengine_registry.WEIGHT_INITIALIZERS, 'models')
TASK_UTILS = _child(mmengine_registry.TASK_UTILS, 'models')
FUNCTIONS = _child(mmengine_registry.FUNCTIONS, 'models')

METRICS = _child(mmengine_registry.METRICS, 'evaluation')
EVALUATORS = _child(mmengine_registry.EVALUATOR, 'evaluation')

VISUALIZERS = _child(mmengine_registry.VISUALIZERS, 'visualization')
VISBACKENDS = _child(mmengine_registry.VISBACKENDS, 'visualization')

INFERENCERS = _child(mmengine_registry.INFERENCERS, 'apis')

__all__ = [
    'SCOPE', 'RUNNERS', 'RUNNER_CONSTRUCTORS', 'LOOPS', 'HOOKS', 'STRATEGIES',
    'LOG_PROCESSORS', 'OPTIMIZERS', 'OPTIM_WRAPPERS',
    'OPTIM_WRAPPER_CONSTRUCTORS', 'PARAM_SCHEDULERS', 'DATASETS',
    'DATA_SAMPLERS', 'TRANSFORMS', 'MODELS', 'MODEL_WRAPPERS',
    'WEIGHT_INITIALIZERS', 'TASK_UTILS', 'FUNCTIONS', 'METRICS', 'EVALUATORS',
    'VISUALIZERS', 'VISBACKENDS', 'INFERENCERS'
]
