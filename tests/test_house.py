"""What ADR 59 says of folders, modules and names, so that it stays."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PRODUCT = ("schemas", "runtime", "producers", "consumers", "gpu_runner", "ops")
FILES = sorted(path for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
MOST_MODULES = 16
MOST_LINES = 400


def name_of(path: Path) -> str:
    """The dotted name of a module or package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def test_no_folder_holds_more_than_a_person_can_look_over() -> None:
    """Sixteen modules, packages below not counted; every package says what it is for."""
    folders = defaultdict(int)
    for path in FILES:
        folders[path.parent.relative_to(ROOT).as_posix()] += path.name != "__init__.py"
    assert {folder: count for folder, count in folders.items() if count > MOST_MODULES} == {}
    for path in FILES:
        if path.name == "__init__.py":
            assert ast.get_docstring(MODULES[name_of(path)]), path


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    """What grows beyond has two things in it."""
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_a_class_name_means_one_thing() -> None:
    """No two modules define a class of the same name."""
    found = defaultdict(list)
    for name, tree in MODULES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def imported(tree: ast.Module) -> set[str]:
    """The modules of ours that a module imports when it is loaded."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name for name in whole if name in MODULES} | ({node.module} if whole - set(MODULES) else set())
    return found & set(MODULES)


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Taking away what imports nothing that is left, nothing is left."""
    left = {name: imported(tree) for name, tree in MODULES.items()}
    while ready := [name for name, needs in left.items() if not needs & left.keys() - {name}]:
        for name in ready:
            del left[name]
    assert left == {}


def test_former_names_are_gone() -> None:
    """No identifier of the product is one of `former_names.txt`; the names that came instead are there."""
    listed = [line.split(maxsplit=1) for line in (ROOT / "tests" / "former_names.txt").read_text(encoding="utf-8").splitlines()]
    names = {former: now.split(", ") for former, now in (pair for pair in listed if not pair[0].startswith("#"))}
    written = {name: identifiers(tree) for name, tree in MODULES.items()}
    found = [(module, former) for module, here in written.items() for former in sorted(here & names.keys())]
    assert found == []
    assert {now for new in names.values() for now in new} <= set().union(*written.values())


def identifiers(tree: ast.Module) -> set[str]:
    """Every name of a module that stands in its code: variables, attributes, arguments, functions, classes, imports."""
    fields = ("id", "attr", "arg", "name", "asname")
    return {
        part
        for node in ast.walk(tree)
        for field in fields
        if isinstance(value := getattr(node, field, None), str)
        for part in value.split(".")
    }
