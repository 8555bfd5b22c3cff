"""Mutants of the modules that count money and shares in Python: one small change each, made in the syntax tree.

What is text alone (docstrings, the words of an error, annotations) is left as it is.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "openscrip"
LEDGER_TESTS = (
    "tests/runtime/test_ledger_rules.py",
    "tests/conformance/test_expiry.py",
    "tests/conformance/test_store.py",
    "tests/conformance/test_store_ledger.py",
    "tests/runtime/test_ledger_machine.py",
)
MODULES = {
    "kernel/multiplier.py": ("tests/kernel/test_multiplier.py", "tests/kernel/test_quantities.py"),
    "assets/reserve.py": ("tests/assets/test_reserve.py",),
    "runtime/ledger.py": LEDGER_TESTS,
    "runtime/posting.py": LEDGER_TESTS,
}
"""Each module, and the tests that hold it."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PythonMutant:
    """`source` with one change; `name` says where and which, and is the same as long as the code is."""

    module: str
    name: str
    source: str


def mutants_of(module: str) -> list[PythonMutant]:
    """All mutants of one module, in the order of its lines."""
    tree = ast.parse((SOURCE / module).read_text(encoding="utf-8"))
    return list(_mutants(module, tree))


def _mutants(module: str, tree: ast.Module) -> Iterator[PythonMutant]:
    original = ast.unparse(tree)
    for place, (scope, node) in enumerate(_nodes(tree)):
        for number, change in enumerate(_changes(node)):
            mutated = copy.deepcopy(tree)
            _, target = list(_nodes(mutated))[place]
            before = ast.unparse(target).splitlines()[0][:60]
            list(_changes(target))[number].make()
            source = ast.unparse(mutated)
            if source != original:
                yield PythonMutant(module, f"{module}:{scope}: {change.says}: {before}", source)


@dataclass(frozen=True, slots=True)
class _Change:
    says: str
    node: ast.AST
    name: str
    value: object

    def make(self) -> None:
        setattr(self.node, self.name, self.value)


def _nodes(tree: ast.AST, scope: str = "") -> list[tuple[str, ast.AST]]:
    """Every node that may change with the function it stands in; text and types are skipped with all below them."""
    found: list[tuple[str, ast.AST]] = []
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Raise | ast.JoinedStr) or _is_type(tree, child):
            continue
        inner = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else scope
        if not isinstance(child, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            found.append((scope or "module", child))
        found += _nodes(child, inner)
    return found


def _is_type(parent: ast.AST, child: ast.AST) -> bool:
    if isinstance(parent, ast.arg | ast.AnnAssign) and child is parent.annotation:
        return True
    if isinstance(parent, ast.FunctionDef) and (child is parent.returns or child in parent.decorator_list):
        return True
    return isinstance(parent, ast.ClassDef) and (child in parent.decorator_list or child in parent.bases)


def _changes(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare():
            for number, operator in enumerate(node.ops):
                other = [*node.ops]
                other[number] = COMPARISONS[type(operator)]()
                yield _Change(f"{type(operator).__name__} to {type(other[number]).__name__}", node, "ops", other)
        case ast.BinOp(op=operator) if type(operator) in ARITHMETIC:
            becomes = ARITHMETIC[type(operator)]
            yield _Change(f"{type(operator).__name__} to {becomes.__name__}", node, "op", becomes())
        case ast.BoolOp(op=operator):
            other_op = ast.Or() if isinstance(operator, ast.And) else ast.And()
            yield _Change(f"{type(operator).__name__} to {type(other_op).__name__}", node, "op", other_op)
        case ast.UnaryOp(op=ast.USub()):
            yield _Change("drop the sign", node, "op", ast.UAdd())
        case ast.UnaryOp(op=ast.Not()):
            yield _Change("not twice", node, "operand", ast.UnaryOp(ast.Not(), node.operand))
        case ast.Constant(value=bool(value)):
            yield _Change("other truth", node, "value", not value)
        case ast.Constant(value=int(value)):
            yield _Change("one more", node, "value", value + 1)
        case ast.If() | ast.While() | ast.IfExp():
            yield _Change("never", node, "test", ast.Constant(False))
            if not isinstance(node, ast.While):
                yield _Change("always", node, "test", ast.Constant(True))
        case ast.Expr(value=ast.Call()):
            yield _Change("drop the call", node, "value", ast.Constant(None))
        case ast.Return(value=ast.expr()) if not isinstance(node.value, ast.Constant):
            yield _Change("return nothing", node, "value", ast.Constant(None))
