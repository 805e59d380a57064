"""The whole page: one file that opens offline, in Hindi and English, light or dark as the reader's system is. Pure.

Nothing in it can load or run but its one style and its one script, which the file's own policy names by their hashes.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Final

from gpu_runner.evaluate.report_page.offline import allowed_hash, report_style
from ops.lineage.explain.changed import changed_section
from ops.lineage.explain.decided import decided_section, short_section, since_section
from ops.lineage.explain.facts import VersionFacts
from ops.lineage.explain.html import both, paragraph, section
from ops.lineage.explain.html import facts as fact_list
from ops.lineage.explain.next_steps import next_section
from ops.lineage.explain.said import said_section, trained_section
from ops.lineage.explain.words import as_it_is, day, tell

_HERE: Final = Path(__file__).parent


def render(facts: VersionFacts, *, now: datetime) -> str:
    """The HTML of a version's page as it is at a time; equal facts and times give equal bytes."""
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    style = report_style() + (_HERE / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src '{allowed_hash(script)}'; style-src '{allowed_hash(style)}'; base-uri 'none'; form-action 'none'"
    )
    title = tell("page.title", version=facts.version)
    written = day(now.isoformat())
    body = [
        f'<a class="skip" href="#next">{both(tell("page.skip"))}</a>',
        f"<header><h1>{both(title)}</h1>{_switch()}</header>",
        paragraph(tell("page.about", model=facts.model, now=written), "quiet"),
        "<main>",
        short_section(facts),
        said_section(facts),
        trained_section(facts),
        changed_section(facts),
        decided_section(facts),
        since_section(facts),
        next_section(facts),
        _checking(facts),
        paragraph(tell("page.holds_words", now=written), "notice") if facts.samples else "",
        paragraph(tell("page.taken_back", n=facts.withdrawn), "notice") if facts.withdrawn else "",
        "</main>",
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<title>{title.en}</title><style>{style}</style></head><body data-first="{_first_language(facts)}">'
        f"{''.join(body)}<script>{script}</script></body></html>\n"
    )


def _switch() -> str:
    buttons = "".join(
        f'<button type="button" data-language="{language}" lang="{language}" aria-pressed="false">{words}</button>'
        for language, words in (("en", "English"), ("hi", "हिंदी"))
    )
    return f'<div class="languages" role="group" aria-label="Language · भाषा">{buttons}</div>'


def _first_language(facts: VersionFacts) -> str:
    """The page opens in Hindi where most of what was asked or taught is."""
    items = [str(item["language"]) for item in (facts.scores or {}).get("items") or ()] or [row.language for row in facts.rows]
    return "hi" if Counter(items)["hi"] * 2 > len(items) else "en"


def _checking(facts: VersionFacts) -> str:
    record = facts.record
    artifact, policy = record.get("artifact") or {}, record.get("gate_policy") or {}
    command = as_it_is(f"abhyas verify {facts.version} --model {facts.model}")
    entries = [
        (tell("checking.model"), facts.model),
        (tell("checking.version"), facts.version),
        (tell("checking.baseline"), str((record.get("baseline") or {}).get("version") or "")),
        (tell("checking.decided_at"), str(record.get("decided_at") or record.get("registered_at") or "")),
        (tell("checking.job"), str(record.get("job_id") or "")),
        (tell("checking.artifact"), str(artifact.get("sha256") or "")),
        (tell("checking.scores"), str(record.get("scores_sha256") or "")),
        (tell("checking.items"), str(record.get("items_sha256") or "")),
        (tell("checking.policy"), str(policy.get("sha256") or "")),
        (tell("checking.record"), facts.record_key),
    ]
    return section("checking", paragraph(tell("checking.how", command=command)), fact_list(entries))
