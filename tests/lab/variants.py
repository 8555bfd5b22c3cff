"""A module of decisions with one predicate taken out, compiled from its source: nothing is patched."""

import ast
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


def decide_without(module: ModuleType, predicate: str, body: str) -> Callable[[Any, Any, Any], Any]:
    """`module.decide` as it would be if the function `predicate` had nothing but `body`."""
    source = ast.parse(inspect.getsource(module))
    functions: list[ast.stmt] = [node for node in source.body if isinstance(node, ast.FunctionDef)]
    taken_out = [node for node in functions if isinstance(node, ast.FunctionDef) and node.name == predicate]
    if not taken_out:
        raise LookupError(f"variant: {module.__name__} had no function {predicate}")
    taken_out[0].body = ast.parse(body).body
    names = dict(vars(module))  # rows, events and facts stay the same classes
    exec(compile(ast.Module(functions, []), f"{module.__name__} without {predicate}", "exec"), names)
    decide: Callable[[Any, Any, Any], Any] = names["decide"]
    return decide
