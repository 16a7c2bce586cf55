"""Every public name says what it is: classes, their fields, methods and members, functions, types, constants."""

import ast
import enum
import functools
import inspect
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import ingester

CLASSES = sorted(name for name in ingester.__all__ if isinstance(getattr(ingester, name), type))
OTHERS = sorted(set(ingester.__all__) - set(CLASSES))


@functools.cache
def tree_of(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def documented_names(body: list[ast.stmt]) -> set[str]:
    """What is assigned or annotated, with a text behind it."""
    found = set()
    for statement, behind in itertools.pairwise(body):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        is_text = isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant)
        if isinstance(target, ast.Name) and is_text:
            found.add(target.id)
    return found


def own_body(class_: type) -> list[ast.stmt]:
    module = sys.modules[class_.__module__]
    (node,) = (n for n in ast.walk(tree_of(module)) if isinstance(n, ast.ClassDef) and n.name == class_.__name__)
    return node.body


def public_members(class_: type) -> Iterator[tuple[str, bool]]:
    """Names that the class itself defines, and whether each is documented."""
    body = own_body(class_)
    with_text = documented_names(body)
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            if not statement.name.startswith("_") or statement.name in ("__call__", "__enter__", "__exit__"):
                yield statement.name, ast.get_docstring(statement) is not None
        else:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
            if isinstance(target, ast.Name) and not target.id.startswith("_"):
                yield target.id, target.id in with_text


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_and_all_of_its_members_are_documented(name: str) -> None:
    class_ = getattr(ingester, name)
    assert inspect.cleandoc(class_.__doc__ or "")
    assert [member for member, is_documented in public_members(class_) if not is_documented] == []


@pytest.mark.parametrize("name", OTHERS)
def test_a_type_or_constant_is_documented_where_it_is_defined(name: str) -> None:
    (home,) = (home for home, names in ingester._HOMES.items() if name in names.split())  # type: ignore[attr-defined]
    assert name in documented_names(tree_of(sys.modules[home]).body)


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_public_class_holds_is_public_too(name: str) -> None:
    """Whoever annotates a variable with it finds the name in this package."""
    class_ = getattr(ingester, name)
    hints = {} if issubclass(class_, enum.Enum) else get_type_hints(class_)
    types = {type_ for name, hint in hints.items() if not name.startswith("_") for type_ in types_in(hint)}
    ours = {type_ for type_ in types if type_.__module__.startswith("ingester.")}
    assert {type_.__name__ for type_ in ours} <= set(ingester.__all__)


def types_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type):
        yield hint
    for argument in get_args(hint):
        yield from types_in(argument)


def test_every_name_is_found_and_dir_lists_it() -> None:
    homes = [name for names in ingester._HOMES.values() for name in names.split()]  # type: ignore[attr-defined]
    assert sorted(homes) == sorted(ingester.__all__)
    assert set(ingester.__all__) <= set(dir(ingester))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ingester.nothing


def test_importing_the_package_imports_next_to_nothing() -> None:
    """A worker process imports it with every start."""
    code = "import sys, ingester; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert [name for name in told.split() if name.startswith(("ingester.", "boto", "msgspec", "pyarrow"))] == []


UNIT = re.compile(
    "how many|second|minute|byte|size|row|attempt|event|record|message|thread|process|log file|deliver", re.I
)


@pytest.mark.parametrize("name", [name for name in CLASSES if issubclass(getattr(ingester, name), msgspec.Struct)])
def test_every_number_says_what_it_counts_in_its_name_or_its_text(name: str) -> None:
    class_ = getattr(ingester, name)
    texts = texts_of(class_)
    numbers = [one.name for one in msgspec.structs.fields(class_) if {int, float} & set(types_in(one.type))]
    assert [number for number in numbers if not UNIT.search(f"{number} {texts[number]}")] == []


def texts_of(class_: type) -> dict[str, str]:
    found = {}
    for base in reversed(class_.__mro__):
        if base.__module__.startswith("ingester."):
            body = own_body(base)
            for statement, behind in itertools.pairwise(body):
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    value = behind.value if isinstance(behind, ast.Expr) else None
                    found[statement.target.id] = str(value.value) if isinstance(value, ast.Constant) else ""
    return found
