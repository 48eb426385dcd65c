"""`unsettled fetch`: published checkpoints and puzzles, pinned, checked, and found by the audit afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="What to fetch; without a name, what there is.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where it is kept; otherwise UNSETTLED_CACHE, or this user's cache folder.")] = None,
) -> None:
    """Fetch published checkpoints and puzzles from the hub. Resumes; checks digests; never runs what it fetched."""
    from unsettled.measure.hub.download import fetch as get
    from unsettled.measure.hub.registry import cache_folder, entry_of, expected_digests, fetched_file, measure_command, registry

    folder = cache or cache_folder()
    if not names:
        print(f"kept in {folder}")
        for name, entry in registry().items():
            state = "fetched" if fetched_file(name, folder) else "not fetched"
            print(f"{name:18}{state:13}{entry.title} ({entry.repo})")
        return
    for name in names:
        entry_of(name)
    for name in names:
        path = get(name, folder)
        digest = expected_digests(name, folder)[path.name]
        print(f"{name}: {path}\n  sha256 {digest}{_origin(name, path.name)}")
        if entry_of(name).kind == "checkpoint":
            print(f"  measure it: {measure_command(name, folder)}")


def _origin(name: str, file: str) -> str:
    from unsettled.measure.hub.registry import entry_of

    return ", as known beforehand" if entry_of(name).files[file] else ", trusted on first use"
