"""`python -m bench.explain_page`: the pictures of docs/people.md, from a store of an invented model."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.explain_page.sample import MODEL, write_sample
from bench.report_page.chromium import Chromium
from bench.report_page.tools import devanagari_fonts
from ops.commands.models.explain import write_page
from ops.lineage.records import read_model

DOCS: Final = Path("docs/people")


def pictures(folder: Path) -> list[Path]:
    """explain-desktop.png (English, of the version in service) and explain-phone-hi.png (Hindi at 390 px, why one was refused)."""
    sample = write_sample(folder)
    records = read_model(sample.store, MODEL)
    for version in records.versions:
        write_page(sample.store, records, records.versions[version], folder / f"{version}.html", words=True, listed=False)
    made = [DOCS / "explain-desktop.png", DOCS / "explain-phone-hi.png"]
    with Chromium(fonts=devanagari_fonts()) as browser:
        browser.look_at(1080, 1400)
        browser.open(f"{(folder / 'v3.html').as_uri()}#lang=en")
        browser.write_picture(made[0])
        browser.look_at(390, 1500)
        browser.open(f"{(folder / 'v2.html').as_uri()}#lang=hi")
        browser.value("document.getElementById('decided').scrollIntoView()")
        browser.write_picture(made[1])
    return made


def main() -> int:
    """Makes the pictures and prints where they are."""
    with tempfile.TemporaryDirectory(prefix="abhyas-explain-") as place:
        print("\n".join(map(str, pictures(Path(place)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
