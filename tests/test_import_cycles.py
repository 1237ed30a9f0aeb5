"""No module of the package imports itself through others, not even inside of a function or for type checking."""

import ast
from pathlib import Path

import faceeditor

PACKAGE = Path(faceeditor.__file__).parent


def module_name(file: Path) -> str:
    parts = ("faceeditor", *file.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST, known: set[str]) -> set[str]:
    """The modules that are named in the import statements of a module, wherever they stand."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                found.add(submodule if submodule in known else node.module)
    return found & known


def cycles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected components of more than one node (Tarjan, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            component = set()
            while node not in component:
                component.add(stack.pop())
            if len(component) > 1:
                found.append(component)

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def test_a_cycle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert cycles(graph) == [{"a", "b", "c"}]
    tree = ast.parse("def f():\n    from p import q\n    import r.s")
    assert imports_of(tree, {"p", "p.q", "r.s"}) == {"p.q", "r.s"}


def test_there_are_no_import_cycles() -> None:
    files = {module_name(file): file for file in PACKAGE.rglob("*.py")}
    graph = {name: imports_of(ast.parse(file.read_text("utf-8")), set(files)) for name, file in files.items()}
    assert len(graph) > 150
    found = [", ".join(sorted(cycle)) for cycle in cycles(graph)]
    assert not found, "\n".join(found)
