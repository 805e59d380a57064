"""`python -m bench.report_page`: the pictures of docs/evaluation/reports.md, and what a report of many items costs.

Prints JSON: the sizes of the three files, the seconds that writing them took, and the milliseconds that Chromium takes to show, filter and
sort the items. With `--pictures` the two PNGs of the docs are made anew instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from bench.report_page.chromium import Chromium
from bench.report_page.sample import CASES, write_sample
from bench.report_page.tools import devanagari_fonts
from gpu_runner.evaluate.report import FILES, write_reports

DOCS: Final = Path("docs/evaluation")
_OPENED: Final = "for (const one of [...document.querySelectorAll('#list > li > details')].slice(2, 3)) one.open = true;"


def pictures() -> list[Path]:
    """report-desktop.png (English, its beginning) and report-phone-hi.png (Hindi at 390 px, the items)."""
    made = [DOCS / "report-desktop.png", DOCS / "report-phone-hi.png"]
    with tempfile.TemporaryDirectory() as folder, Chromium(fonts=devanagari_fonts()) as browser:
        page = write_sample(Path(folder)).html.as_uri()
        browser.look_at(1080, 1080)
        browser.open(f"{page}#lang=en")
        browser.write_picture(made[0])
        browser.look_at(390, 1250)
        browser.open("about:blank")
        browser.open(f"{page}#lang=hi")
        browser.value(f"document.getElementById('items').scrollIntoView(); {_OPENED} new Promise((done) => setTimeout(done, 100))")
        browser.write_picture(made[1])
    return made


def cost(items: int) -> dict[str, Any]:
    """Sizes and times of a report of so many items."""
    with tempfile.TemporaryDirectory() as place, Chromium() as browser:
        folder = Path(place)
        results = json.loads(write_sample(folder, copies=-(-items // len(CASES))).results.read_bytes())
        own = ("format", "title", "facts", "warnings", "decision", "intervals", "outcomes")
        scores = {name: value for name, value in results.items() if name not in (*own, "texts", "contexts")}
        texts = {name: results[name] for name in ("texts", "contexts")}
        started = time.perf_counter()
        paths = write_reports(scores, folder, "again", decision=results["decision"], title=results["title"], texts=texts)
        writing_s = time.perf_counter() - started
        sizes = {name: (paths.html.parent / name).stat().st_size for name in FILES}
        browser.look_at(1280, 900)
        started = time.perf_counter()
        browser.open(paths.html.as_uri())
        opening_s = time.perf_counter() - started
        asked = {
            "filter_ms": "state.outcome = 'regressed'; list(); state.outcome = ''",
            "search_first_ms": "state.search = 'संग्रहालय'; list(); state.search = ''",
            "search_again_ms": "state.search = 'museum'; list(); state.search = ''",
            "sort_ms": "state.sort = 'change:f1'; list(); state.sort = ''",
        }
        measured = {
            name: round(browser.value(f"(() => {{ const began = performance.now(); {action}; return performance.now() - began; }})()"), 1)
            for name, action in asked.items()
        }
    return {"items": len(scores["items"]), "bytes": sizes, "writing_s": round(writing_s, 2), "opening_s": round(opening_s, 2), **measured}


def main() -> int:
    """Prints the figures, or makes the pictures."""
    parser = argparse.ArgumentParser(prog="python -m bench.report_page", description=__doc__)
    parser.add_argument("--pictures", action="store_true")
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--out", type=Path, help="where the figures are written too")
    chosen = parser.parse_args()
    if chosen.pictures:
        print("\n".join(map(str, pictures())))
        return 0
    figures = json.dumps(cost(chosen.items), indent=1)
    print(figures)
    if chosen.out is not None:
        chosen.out.write_text(figures + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
