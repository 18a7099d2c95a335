"""The config in a checkpoint, read without running it.

MMEngine keeps configs as Python code, and reads them by running it. What it
writes itself, though, is assignments of plain values.
"""
import ast
from typing import Any, Dict

_FLOATS = {'inf': float('inf'), 'nan': float('nan')}


def read_config_text(text: str) -> Dict[str, Any]:
    """The keys and values of a config that MMEngine has written.

    Args:
        text (str): As of ``Config.pretty_text``.

    Raises:
        ValueError: If there is anything in it but assignments of numbers,
            text, lists, tuples and dicts.
    """
    try:
        statements = ast.parse(text).body
    except SyntaxError as error:
        raise ValueError(f'the config cannot be understood: {error}') \
            from error
    values = {}
    for statement in statements:
        if not isinstance(statement, ast.Assign) or any(
                not isinstance(target, ast.Name)
                for target in statement.targets):
            raise _strange(statement)
        for target in statement.targets:
            values[getattr(target, 'id')] = _value(statement.value)
    return values


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return _called_dict(node)
    if isinstance(node, ast.Dict):
        return _dict(node)
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _value(node.operand)
        if isinstance(value, (int, float)):
            return -value
    if isinstance(node, ast.Name) and node.id in _FLOATS:
        return _FLOATS[node.id]
    try:
        return ast.literal_eval(node)
    except (TypeError, ValueError):
        raise _strange(node) from None


def _called_dict(node: ast.Call) -> dict:
    """``dict(a=1)``, and ``dict({'a-b': 1})``, as MMEngine writes what no name
    can be."""
    if not isinstance(node.func, ast.Name) or node.func.id != 'dict':
        raise _strange(node)
    result: dict = {}
    for argument in node.args:
        if not isinstance(argument, ast.Dict):
            raise _strange(node)
        result.update(_dict(argument))
    for keyword in node.keywords:
        if keyword.arg is None:
            raise _strange(node)
        result[keyword.arg] = _value(keyword.value)
    return result


def _dict(node: ast.Dict) -> dict:
    result = {}
    for key, value in zip(node.keys, node.values):
        name = None if key is None else _value(key)
        if not isinstance(name, (str, int, float)):
            raise _strange(node)
        result[name] = _value(value)
    return result


def _strange(node: ast.AST) -> ValueError:
    return ValueError(
        f'the config is no plain data: {ast.unparse(node)[:200]!r}, in line '
        f'{getattr(node, "lineno", "?")} of it, would have to be run')
