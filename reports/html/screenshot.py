"""The README's screenshot of a page: `python -m unsettled.reports.html.screenshot audit.html reports/screenshot.png`.

Needs the extra `test` (playwright) and an installed Chromium; no browser is downloaded.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from unsettled.measure.errors import UserError

SIZE = {"width": 1180, "height": 1250}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The path of an installed Chromium; None when there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def screenshot(page: Path, out: Path) -> int:
    """Write what a desk's screen shows of a page first, in light colours, as PNG; returns its bytes. Raises UserError."""
    browser = chromium()
    if browser is None:
        raise UserError("no Chromium is installed", hint="apt-get install chromium")
    if not page.is_file():
        raise UserError("no such page", where=page, hint="pytest claims/ --report audit.html")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        opened = engine.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = opened.new_context(viewport=SIZE, color_scheme="light", offline=True).new_page()
        tab.goto(page.resolve().as_uri())
        tab.screenshot(path=out)
        opened.close()
    return out.stat().st_size


if __name__ == "__main__":
    try:
        source, target = map(Path, sys.argv[1:])
        print(f"{target}, {screenshot(source, target):,} bytes")
    except ValueError:
        sys.exit("usage: python -m unsettled.reports.html.screenshot PAGE.html OUT.png")
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
