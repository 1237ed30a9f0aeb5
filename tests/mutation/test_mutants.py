"""The faults that the mutation test makes."""

import ast
import inspect

import pytest

from tests.mutation import mutants
from tests.mutation.mutants import mutants_of

SOURCE = '''
LIMIT = 5

def chosen(values: list[int], most: int = 3) -> int | None:
    """A docstring is no code."""
    found = None
    for value in values:
        if not value or value > most and value + 1 != LIMIT:
            continue
        found = max(value, 2, key=abs)
    if found is None:
        raise ValueError("nothing is chosen")
    values.append(found)
    return found
'''


@pytest.mark.parametrize(
    ("title", "before", "after"),
    [
        ("Gt -> GtE", "value > most", "value >= most"), ("NotEq -> Eq", "!= LIMIT", "== LIMIT"),
        ("Is -> IsNot", "found is None", "found is not None"), ("Add -> Sub", "value + 1", "value - 1"),
        ("Not dropped", "not value or", "value or"), ("1 -> 2", "value + 1", "value + 2"),
        ("2 -> 3", "max(value, 2,", "max(value, 3,"), ("max -> min", "max(value", "min(value"),
        ("argument key dropped", ", key=abs)", ")"), ("continue -> break", "continue", "break"),
        ("raise deleted", "raise ValueError('nothing is chosen')", "pass"),
        ("statement deleted", "values.append(found)", "pass"), ("return None", "return found", "return None"),
    ],
)  # fmt: skip
def test_each_fault_changes_one_place(title: str, before: str, after: str) -> None:
    (mutant,) = [each for each in mutants_of(SOURCE) if each.title == title]
    plain = ast.unparse(ast.parse(SOURCE))
    assert plain.count(before) == 1
    assert ast.unparse(mutant.tree(SOURCE)) == plain.replace(before, after)


def test_nothing_else_is_changed() -> None:
    made = mutants_of(SOURCE)
    assert len(made) == 13 + 2, "the above, and both of and and or"
    assert [each.line for each in mutants_of(SOURCE, seed=1)] == [each.line for each in made]
    assert len(mutants_of(SOURCE, share=0.2)) == round(0.2 * len(SOURCE.splitlines())) + 1


def test_every_fault_of_a_real_file_can_be_compiled() -> None:
    source = inspect.getsource(mutants)
    plain = ast.dump(ast.parse(source))
    for mutant in mutants_of(source, share=0.5):
        tree = mutant.tree(source)
        assert ast.dump(tree) != plain, mutant
        compile(tree, "mutants.py", "exec")
