"""Small faults that can be put into a source file, one at a time."""

import ast
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
_NAMES = {"min": "max", "any": "all", "minimum": "maximum", "floor": "ceil"}
_NAMES |= {other: name for name, other in _NAMES.items()}
_TEXTS = (ast.Raise, ast.JoinedStr, ast.Assert)  # whose constants are words for the user


@dataclass(frozen=True)
class Mutant:
    """One fault: where it is, what it is, and how it is made."""

    line: int
    column: int
    title: str
    node: int  # place of the changed node in `ast.walk`
    change: Callable[[ast.AST, Callable[[ast.AST], None]], None]

    def tree(self, source: str) -> ast.Module:
        """The syntax tree of the source with the fault."""
        tree = ast.parse(source)
        nodes = list(ast.walk(tree))
        target = nodes[self.node]

        def replace(new: ast.AST) -> None:
            for parent in nodes:
                for name, value in ast.iter_fields(parent):
                    if value is target:
                        setattr(parent, name, ast.copy_location(new, target))
                    elif isinstance(value, list) and any(each is target for each in value):
                        setattr(parent, name, [new if each is target else each for each in value])

        self.change(target, replace)
        return ast.fix_missing_locations(tree)


def mutants_of(source: str, share: float = 1.0, seed: int = 1) -> list[Mutant]:
    """Faults in the bodies of a source's functions, in random order; `share`: so many for each of its lines."""
    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    found = []
    for place, node in enumerate(ast.walk(tree)):
        above = list(_above(node, parents))
        if any(isinstance(parent, ast.FunctionDef) and child in parent.body for child, parent in above) and not any(
            isinstance(parent, ast.arg)
            or (isinstance(parent, ast.FunctionDef) and child is parent.returns)
            or (isinstance(parent, ast.AnnAssign) and child is parent.annotation)
            or (isinstance(node, ast.Constant) and isinstance(parent, _TEXTS))
            or (isinstance(node, ast.Constant) and isinstance(parent, ast.Expr) and child is node)  # docstrings
            for child, parent in above
        ):
            found += [Mutant(node.lineno, node.col_offset, title, place, change) for title, change in _changes(node)]
    random.Random(seed).shuffle(found)
    return found[: round(share * len(source.splitlines())) + 1]


def _above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[ast.AST, ast.AST]]:
    while node in parents:
        yield node, parents[node]
        node = parents[node]


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable]]:
    """Titles and makers of the faults of one node."""

    def assigned(**values: object) -> Callable:
        def change(target: ast.AST, replace: Callable) -> None:
            for name, value in values.items():
                setattr(target, name, value)

        return change

    match node:
        case ast.Compare(ops=ops):
            for index, op in enumerate(ops):
                other = _COMPARED[type(op)]
                yield (
                    f"{type(op).__name__} -> {other.__name__}",
                    lambda target, replace, index=index, other=other: target.ops.__setitem__(index, other()),
                )
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _COMPUTED:
            yield f"{type(op).__name__} -> {_COMPUTED[type(op)].__name__}", assigned(op=_COMPUTED[type(op)]())
        case ast.BoolOp(op=op):
            yield "and <-> or", assigned(op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp():
            yield f"{type(node.op).__name__} dropped", lambda target, replace: replace(target.operand)
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", assigned(value=not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", assigned(value=value + 1)
        case ast.Constant(value=float(value)):
            yield f"{value} -> {value * 1.3 or 0.1}", assigned(value=value * 1.3 or 0.1)
        case ast.Constant(value=str(value)):
            yield f"{value!r} -> 'XX'", assigned(value="XX" + value)
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and value.value is None):
            yield "return None", assigned(value=ast.Constant(None))
        case ast.Expr(value=value) if not isinstance(value, ast.Constant | ast.Yield | ast.YieldFrom):
            yield "statement deleted", lambda target, replace: replace(ast.Pass())
        case ast.Raise():
            yield "raise deleted", lambda target, replace: replace(ast.Pass())
        case ast.Continue():
            yield "continue -> break", lambda target, replace: replace(ast.Break())
        case ast.Break():
            yield "break -> continue", lambda target, replace: replace(ast.Continue())
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test) if not isinstance(
            test, ast.Compare | ast.UnaryOp | ast.BoolOp
        ):
            yield "condition negated", assigned(test=ast.UnaryOp(ast.Not(), test))
        case ast.Call(func=func, keywords=keywords):
            for index, keyword in enumerate(keywords):
                if keyword.arg:
                    yield (
                        f"argument {keyword.arg} dropped",
                        lambda target, replace, index=index: target.keywords.pop(index),
                    )
            name = getattr(func, "id", getattr(func, "attr", ""))
            if name in _NAMES:
                part = "id" if isinstance(func, ast.Name) else "attr"
                yield (
                    f"{name} -> {_NAMES[name]}",
                    lambda target, replace: setattr(target.func, part, _NAMES[name]),
                )
