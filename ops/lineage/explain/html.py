"""The page's elements: every text stands in both languages, of which the reader's choice shows one; every text is escaped. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from gpu_runner.text.languages import primary_language
from ops.lineage.explain.words import Both, tell

# Marks that turn the direction of what follows, and control characters, are named instead of obeyed.
_TURNING: Final = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def both(told: Both) -> str:
    """The text in both languages; once where it is the same."""
    if told.en == told.hi:
        return _shown(told.en)
    return f'<span class="en" lang="en">{_shown(told.en)}</span><span class="hi" lang="hi">{_shown(told.hi)}</span>'


def paragraph(told: Both, kind: str = "") -> str:
    """A paragraph; `kind` is a class of the style sheet."""
    return f"<p{_class(kind)}>{both(told)}</p>"


def section(name: str, *parts: str) -> str:
    """A part of the page under its heading, named `name` in `words.json`; nothing where it has no parts."""
    if not any(parts):
        return ""
    title = both(tell(f"page.{name}"))
    return f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{"".join(parts)}</section>'


def subheading(told: Both) -> str:
    """A heading within a part."""
    return f"<h3>{both(told)}</h3>"


def bullets(lines: Iterable[Both]) -> str:
    """A list; nothing where there are no lines."""
    items = "".join(f"<li>{both(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def table(name: str, head: Sequence[Both], rows: Sequence[Sequence[Both]]) -> str:
    """A table whose first column heads its rows; it scrolls in itself where it is wider than the page, also by the keyboard.

    `name` is the id of the heading that it stands under. Nothing where there are no rows.
    """
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{both(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{both(row[0])}</th>{"".join(f"<td>{both(cell)}</td>" for cell in row[1:])}</tr>' for row in rows
    )  # fmt: skip
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{name}-title"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def quoted(entries: Iterable[tuple[Both, str | Both, str]]) -> str:
    """Words of somebody, each under what it is: (label, text, its language); without a text a line is left out."""
    rows = "".join(f"<dt>{both(label)}</dt>{_said(text, language)}" for label, text, language in entries if text)
    return f'<dl class="quoted">{rows}</dl>'


def facts(entries: Iterable[tuple[Both, str]]) -> str:
    """Names and figures; those without a value are left out."""
    rows = "".join(f"<dt>{both(label)}</dt><dd><code>{_shown(value)}</code></dd>" for label, value in entries if value)
    return f"<dl>{rows}</dl>"


def english_details(summary: Both, lines: Sequence[str]) -> str:
    """Sentences that are recorded in English alone, folded; nothing where there are none."""
    if not lines:
        return ""
    items = "".join(f"<li>{_shown(line)}</li>" for line in lines)
    return f'<details><summary>{both(summary)}</summary><ul lang="en">{items}</ul></details>'


def _said(text: str | Both, language: str) -> str:
    return f"<dd>{both(text)}</dd>" if isinstance(text, Both) else f'<dd dir="auto"{_language(language)}>{_shown(text)}</dd>'


def _shown(text: str) -> str:
    return escape(_TURNING.sub(lambda match: f"[U+{ord(match[0]):04X}]", text.encode("utf-8", "replace").decode()))


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _language(tag: str) -> str:
    return f' lang="{escape(tag)}"' if primary_language(tag) else ""
