"""`python -m schemas.compatibility [--against REV]`: refuses an incompatible change of an event inside its version.

Compares the models with the committed JSON Schemas (schemas/json), or with those of a git revision. Every record that
the old schema takes must be taken by the new one, and no field may vanish: a removed or newly required field, another
type, a narrowed type, enum or limit are refused; new optional fields and wider limits are fine. A change that is
refused needs the next version of its topic (`….v2`) beside the old one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from schemas.catalogue import BY_TOPIC
from schemas.fields import LANGUAGE_TAG
from schemas.generate import FOLDER, schema_of

Schema = Mapping[str, Any]

_LOWER: Final = ("minLength", "minItems", "minProperties")
_UPPER: Final = ("maxLength", "maxItems", "maxProperties")
# Whether one pattern takes everything that another does cannot be told, so any other one is a narrower one, but for those of _WIDENED.
_OPAQUE: Final = ("pattern", "format", "multipleOf", "not", "contains", "propertyNames")

# Patterns that were widened, each with what came instead and takes all that it took: a test of this module holds them against each other.
_WIDENED: Final = {r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": f"^({LANGUAGE_TAG})$"}


@dataclass(frozen=True, slots=True)
class _Context:
    """The definitions of both sides, and the pairs of references on the way here (a recursive model ends there)."""

    old: Schema
    new: Schema
    seen: frozenset[tuple[str, str]] = frozenset()


class NoSchemas(Exception):
    """There is nothing to compare with; the message says where it was looked for."""


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every incompatible change from one event schema to another, each with the path of its field.

    >>> old = {"type": "object", "properties": {"a": {"type": "integer"}}}
    >>> breaks(old, {"type": "object", "properties": {"a": {"type": "string"}}})
    ['a: type integer is no longer taken: now string']
    """
    return list(_compare(old, new, _Context(old.get("$defs", {}), new.get("$defs", {})), ""))


def _compare(old: Schema, new: Schema, context: _Context, path: str) -> Iterator[str]:
    pair = (str(old.get("$ref")), str(new.get("$ref")))
    if "$ref" in old and "$ref" in new:
        if pair in context.seen:
            return
        context = replace(context, seen=context.seen | {pair})
    old, new = _resolved(old, context.old), _resolved(new, context.new)
    old_branches, new_branches = _branches(old), _branches(new)
    if len(old_branches) > 1 or len(new_branches) > 1:
        for branch in old_branches:
            attempts = [list(_compare(branch, other, context, path)) for other in new_branches]
            if all(attempts):
                # The nearest branch says most about what is wrong.
                yield from min(attempts, key=len)
        return
    yield from _types(old, new, path)
    yield from _limits(old, new, path)
    yield from _fields(old, new, context, path)
    yield from _elements(old, new, context, path)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    while "$ref" in schema:
        schema = definitions[str(schema["$ref"]).rsplit("/", 1)[1]]
    return schema


def _branches(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def _name(path: str) -> str:
    return path or "event"


def _types(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, now = _type_names(old), _type_names(new)
    if now is not None:
        for name in sorted(before or {"anything"}):
            if name not in now and not (name == "integer" and "number" in now):
                yield f"{_name(path)}: type {name} is no longer taken: now {', '.join(sorted(now))}"
    choices_before, choices = _choices(old), _choices(new)
    if choices is not None:
        if choices_before is None:
            yield f"{_name(path)}: only {', '.join(choices)} are taken now: before, any value was"
        else:
            gone = [choice for choice in choices_before if choice not in choices]
            if gone:
                yield f"{_name(path)}: no longer takes {', '.join(gone)}"


def _type_names(schema: Schema) -> set[str] | None:
    kind = schema.get("type")
    if kind is None:
        return None
    return {kind} if isinstance(kind, str) else set(kind)


def _choices(schema: Schema) -> list[str] | None:
    if "const" in schema:
        return [json.dumps(schema["const"])]
    return [json.dumps(choice) for choice in schema["enum"]] if "enum" in schema else None


def _limits(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for name in _LOWER:
        if new.get(name, 0) > old.get(name, 0):
            yield f"{_name(path)}: {name} is {new[name]} now: before, {old.get(name, 'none')}"
    for name in _UPPER:
        if name in new and (name not in old or new[name] < old[name]):
            yield f"{_name(path)}: {name} is {new[name]} now: before, {old.get(name, 'none')}"
    for inclusive, exclusive, sign in (("minimum", "exclusiveMinimum", 1), ("maximum", "exclusiveMaximum", -1)):
        bound, bound_before = _bound(new, inclusive, exclusive, sign), _bound(old, inclusive, exclusive, sign)
        if bound is not None and (bound_before is None or bound > bound_before):
            yield f"{_name(path)}: {inclusive} is {sign * bound[0]} now{' (exclusive)' if bound[1] else ''}: it was wider before"
    for name in _OPAQUE:
        before = old.get(name)
        if name in new and new[name] not in (before, _WIDENED.get(str(before))):
            yield f"{_name(path)}: {name} is {new[name]!r} now: before, {old.get(name, 'none')!r}"
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{_name(path)}: uniqueItems is demanded now"


def _bound(schema: Schema, inclusive: str, exclusive: str, sign: int) -> tuple[float, bool] | None:
    """The tightest bound as (value, is exclusive), signed so that larger is narrower."""
    found = [(sign * schema[inclusive], False)] if inclusive in schema else []
    found += [(sign * schema[exclusive], True)] if exclusive in schema else []
    return max(found, default=None)


def _fields(old: Schema, new: Schema, context: _Context, path: str) -> Iterator[str]:
    before, now = old.get("properties", {}), new.get("properties", {})
    for name, field in before.items():
        place = f"{path}.{name}" if path else name
        if name not in now:
            yield f"{place}: removed"
        else:
            yield from _compare(field, now[name], context, place)
    for name in new.get("required", ()):
        if name not in old.get("required", ()):
            yield f"{path}.{name}: newly required".lstrip(".")
    extra_before, extra = old.get("additionalProperties", True), new.get("additionalProperties", True)
    yield from _rest(extra_before, extra, context, f"{path}.*".lstrip("."))


def _elements(old: Schema, new: Schema, context: _Context, path: str) -> Iterator[str]:
    yield from _rest(old.get("items", True), new.get("items", True), context, f"{path}[]")
    if new.get("prefixItems") != old.get("prefixItems"):
        yield f"{_name(path)}: prefixItems changed"


def _rest(before: Any, now: Any, context: _Context, path: str) -> Iterator[str]:
    """Compares what elements, or fields without a name, may be: a schema, true (anything) or false (nothing)."""
    if now is True or before is False:
        return
    if now is False:
        yield f"{path}: no longer taken"
    else:
        yield from _compare({} if before is True else before, now, context, path)


def committed(folder: Path = FOLDER) -> dict[str, Schema]:
    """The schemas of a folder, by topic."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))}


def of_revision(revision: str, repository: Path = FOLDER.parents[1]) -> dict[str, Schema]:
    """The schemas that a git revision had, by topic; raises NoSchemas where git, the revision or its schemas are missing."""
    listing = _git(repository, "ls-tree", "-r", "--name-only", revision, "--", "schemas/json")
    names = [name for name in listing.splitlines() if name.endswith(".json")]
    return {Path(name).stem: json.loads(_git(repository, "show", f"{revision}:{name}")) for name in names}


def _git(repository: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise NoSchemas("git is not installed: leave out --against to compare with the committed files") from None
    if done.returncode:
        raise NoSchemas(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()


def check(old: Mapping[str, Schema]) -> list[str]:
    """Every incompatible change of the models of today against the schemas `old`, as `topic: field: what`."""
    lines = [f"{topic}: the event is gone: its topic may still hold records" for topic in old if topic not in BY_TOPIC]
    for topic, schema in old.items():
        if topic in BY_TOPIC:
            lines += [f"{topic}: {line}" for line in breaks(schema, schema_of(topic))]
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 with each incompatible field named, 2 when there is nothing to compare with."""
    parser = argparse.ArgumentParser(prog="python -m schemas.compatibility", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--against", metavar="REV", help="a git revision (default: the files in schemas/json)")
    options = parser.parse_args(arguments)
    try:
        old = of_revision(options.against) if options.against else committed()
        if not old:
            raise NoSchemas(f"no schemas in {options.against or FOLDER}: run `python -m schemas.generate`, or name a later revision")
    except NoSchemas as error:
        print(str(error), file=sys.stderr)
        return 2
    lines = check(old)
    for line in lines:
        print(f"{line}; add the next version of the topic instead", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
