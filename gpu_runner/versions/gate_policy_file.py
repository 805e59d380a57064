"""The gate's policy as a file: parsed strictly, written beside the record of the model's first version, read again for each decision."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import yaml

from gpu_runner.dataset.rows import EvaluationItem
from gpu_runner.gate.policy import REQUIRED, Policy, PolicyError, policy_of, policy_text
from gpu_runner.versions.registry import read_record, version_key
from runtime.artifacts.store import ArtifactError, ArtifactStore
from schemas.reading.json_lines import own_lines

FIRST: Final = "v0"
# A policy is ten lines; what is longer is another file.
MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ActivePolicy:
    """What the gate goes by; `key` and `sha256` name its file, None for a model that was bootstrapped without one."""

    policy: Policy
    key: str | None = None
    sha256: str | None = None

    def named(self) -> dict[str, str] | None:
        """The file as a decision record names it."""
        return {"key": self.key, "sha256": self.sha256} if self.key and self.sha256 else None


def parse_policy(content: bytes, *, languages: tuple[str, ...], required: tuple[str, ...] = REQUIRED) -> Policy:
    """The policy of a YAML file; `languages` and `required` hold where it names none.

    Raises PolicyError that names the field or the line.
    """
    if len(content) > MOST_BYTES:
        raise PolicyError(f"the file has {len(content)} bytes: expected a policy of at most {MOST_BYTES}")
    try:
        found = yaml.load(content.decode("utf-8-sig"), Loader=_Loader)
    except UnicodeDecodeError as error:
        raise PolicyError(f"not UTF-8 at byte {error.start + 1}: expected YAML in UTF-8") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PolicyError(f"not YAML: {' '.join(str(error).split())[:300]}") from error
    return policy_of(found, languages=languages, required=required)


def languages_of(items: tuple[EvaluationItem, ...]) -> tuple[str, ...]:
    """The languages that the items ask in."""
    return tuple(sorted({item.language for item in items}))


def write_policy(store: ArtifactStore, model: str, policy: Policy) -> ActivePolicy:
    """Writes the whole policy, every field with a word on it, beside the record of the first version."""
    key = f"{version_key(model, FIRST)}/gate-policy.yaml"
    content = policy_text(policy).encode()
    store.write_bytes(key, content)
    return ActivePolicy(policy, key, sha256(content).hexdigest())


def active_policy(store: ArtifactStore, model: str, *, items_key: str) -> ActivePolicy:
    """The model's policy; that of this release, with the languages of its registered items, where it was bootstrapped without a file.

    Raises PolicyError where the file is missing or is not the one that the bootstrap's record names.
    """
    record = read_record(store, model, FIRST) or {}
    named = record.get("gate_policy")
    if named is None:
        if not store.exists(items_key):
            return ActivePolicy(Policy())
        languages = {str(item["language"]) for _, item in own_lines(store.read_bytes(items_key))}
        return ActivePolicy(Policy(languages=tuple(sorted(languages))))
    key, expected = str(named["key"]), str(named["sha256"])
    try:
        content = store.read_bytes(key)
    except ArtifactError as error:
        raise PolicyError(f"the gate's policy can't be read: {error}") from error
    found = sha256(content).hexdigest()
    if found != expected:
        raise PolicyError(
            f"the gate's policy {key} has sha256 {found[:12]}, the bootstrap of {model} wrote {expected[:12]}: put the original back"
        )
    return ActivePolicy(parse_policy(content, languages=()), key, expected)


class _Loader(yaml.SafeLoader):
    """Refuses a key that comes twice, of which YAML would take the last one in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise PolicyError(f"field {name!r} comes twice: expected each once")
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found
