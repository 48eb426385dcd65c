"""RO-Crate 1.1 metadata of a record: what archives read of a folder (`ro-crate-metadata.json`).

Soiland-Reyes et al. (2022), *Packaging research artefacts with RO-Crate*, Data Science 5:97; specification 1.1.3.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import read_record
from unsettled.measure.record.provenance import version_of_program
from unsettled.measure.record.record import Record, held
from unsettled.measure.support.files import digest_of, write_whole
from unsettled.measure.support.text import harmless
from unsettled.reports.escaping import uri

METADATA = "ro-crate-metadata.json"
CONTEXT, PROFILE = "https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/crate/1.1"
# Not yet in the schema.org of the context.
TERMS = {"sha256": "http://schema.org/sha256"}
PARQUET = "application/vnd.apache.parquet"
# Files that may lie beside a record: what they are and their media type; the first two are what was measured.
INPUTS: Mapping[str, tuple[str, str]] = {
    "model.safetensors": ("weights of the network", "application/octet-stream"),
    "puzzles.parquet": ("puzzles that it was measured on, with their solutions", PARQUET),
}
BESIDE: Mapping[str, tuple[str, str]] = {
    **INPUTS,
    "config.json": ("structure of the network", "application/json"),
    "recipe.toml": ("recipe by which the network was trained", "application/toml"),
    "curve.csv": ("learning curve", "text/csv"),
    "curve.png": ("learning curve as a picture", "image/png"),
    "CARD.md": ("model card", "text/markdown"),
    "reference.toml": ("name and architecture of the population", "application/toml"),
}
# What a column holds, and its unit where it has one; S segments, k exponents.
MEANINGS: Mapping[str, tuple[str, str]] = {
    "example_id": ("number of the example in its set", ""),
    "group": ("examples of one group are not independent", ""),
    "givens": ("clues of the puzzle", "cells"),
    "rating": ("difficulty of the puzzle, by its source", ""),
    "solved": ("whether every cell is right after the last segment", ""),
    "token_accuracy": ("share of cells that are right after the last segment", ""),
    "solved_at": ("whether every cell is right after each of the S segments", ""),
    "valid_at": ("whether the answer keeps the rule of the task after each of the S segments, whatever the label", ""),
    "halting_logit": ("logit of halting after each segment", ""),
    "conflicts": ("rows, columns and boxes that hold a digit twice, after each segment", ""),
    "growth": ("sum of log|R_ii| over each segment, S × k, in QR order (Benettin)", "nats per segment"),
}
# of a latent X, by segment
OF_LATENTS: Mapping[str, tuple[str, str]] = {
    "displacement": ("Euclidean distance that z_{} moves in each segment", ""),
    "norm": ("Euclidean norm of z_{} after each segment", ""),
    "angle": ("angle between successive z_{}", "radians"),
    "update_cosine": ("cosine of successive updates of z_{}, none for the first", ""),
}
PEOPLE = {"author": "Person", "publisher": "Organization"}
SETTINGS = ("segments", "exponents", "tangent_seed", "qr_every", "dtype", "device", "batch")


def write_crate(
    record: Path,
    *,
    licence: str,
    name: str | None = None,
    published: str | None = None,
    author: str | None = None,
    publisher: str | None = None,
) -> Path:
    """Write the metadata beside a record and return its path. Raises UserError for bad input."""
    loaded = read_record(record)
    date = _date(published)
    if not licence.startswith(("https://", "http://")) or any(c.isspace() for c in licence):
        raise UserError(f"licence {licence!r} is not the URL of one", hint="for instance https://spdx.org/licenses/MIT")
    path = record.parent / METADATA
    named = name or record.resolve().parent.name or record.stem
    people = {role: who for role, who in (("author", author), ("publisher", publisher)) if who}
    graph = metadata(loaded, record, name=named, licence=licence, published=date, people=people)
    write_whole(path, (json.dumps(graph, indent=1, ensure_ascii=False) + "\n").encode())
    return path


def metadata(
    record: Record, path: Path, *, name: str, licence: str, published: str, people: Mapping[str, str] = MappingProxyType({})
) -> dict[str, Any]:
    """The crate of the folder of ``path``: the record, the files beside it, and the measurement that made it.

    ``people`` may name an ``author`` (a person) and a ``publisher`` (an organisation).
    """
    beside = {n: about for n, about in BESIDE.items() if (path.parent / n).is_file() and n != path.name}
    facts = record.provenance.model
    parts = [uri(path.name), *beside]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": harmless(name),
        "description": f"Per-puzzle measurements of a {facts.title} ({facts.parameters:,} parameters) on "
        f"{len(record):,} Sudoku puzzles: finite-time Lyapunov exponents, displacement, halting logit and outcome.",
        "datePublished": published,
        "license": _reference(licence),
        "hasPart": [_reference(part) for part in parts],
        "mainEntity": _reference(uri(path.name)),
        "mentions": _reference("#measurement"),
        **{role: _reference(f"#{role}") for role in people},
    }
    descriptor = {"@id": METADATA, "@type": "CreativeWork", "conformsTo": _reference(PROFILE), "about": _reference("./")}
    columns = list(_columns(record))
    main = _file(path, "measurements, one row a puzzle", PARQUET) | {
        "variableMeasured": [_reference(column["@id"]) for column in columns],
        "additionalProperty": [_reference("#puzzles-digest"), _reference("#tensors-digest")],
    }
    rest = [_file(path.parent / n, *about) for n, about in beside.items()]
    last = [{"@id": f"#{role}", "@type": PEOPLE[role], "name": harmless(who)} for role, who in people.items()]
    last += [{"@id": licence, "@type": "CreativeWork", "name": licence.rstrip("/").rsplit("/", 1)[-1], "url": licence}]
    measured = list(_measurement(record, uri(path.name), [n for n in INPUTS if n in beside]))
    return {"@context": [CONTEXT, TERMS], "@graph": [descriptor, root, main, *rest, *measured, *columns, *last]}


def _file(path: Path, description: str, media: str) -> dict[str, Any]:
    return {
        "@id": uri(path.name),
        "@type": "File",
        "name": harmless(path.name),
        "description": description,
        "encodingFormat": media,
        "contentSize": str(path.stat().st_size),
        "sha256": digest_of(path),
    }


def _measurement(record: Record, result: str, inputs: list[str]) -> Iterator[dict[str, Any]]:
    """The action that made the record, the program that did it, and the settings by name."""
    kept = record.provenance
    settings = {name: getattr(kept, name) for name in SETTINGS} | {f"model.{n}": v for n, v in kept.model.model_dump().items()}
    yield {
        "@id": "#measurement",
        "@type": "CreateAction",
        "name": "Measurement of a record",
        "instrument": _reference("#unsettled"),
        "object": [*map(_reference, inputs), *(_reference(f"#setting-{name}") for name in settings)],
        "result": _reference(result),
    }
    libraries = ", ".join(f"{name} {number}" for name, number in sorted(kept.versions.items()))
    yield {
        "@id": "#unsettled",
        "@type": "SoftwareApplication",
        "name": "unsettled",
        "softwareVersion": version_of_program(),
        "description": harmless(f"measured with {libraries or 'versions that the record does not tell'}; commit {kept.commit}"),
    }
    for name, value in settings.items():
        yield {
            "@id": f"#setting-{name}",
            "@type": "PropertyValue",
            "name": name,
            "value": value if isinstance(value, int) else harmless(str(value)),
        }
    for name, digest in (("puzzles", kept.puzzles_digest), ("tensors", kept.checkpoint_tensors)):
        yield {
            "@id": f"#{name}-digest",
            "@type": "PropertyValue",
            "name": f"sha256 of the {name}, independent of their file",
            "value": harmless(digest),
        }


def _columns(record: Record) -> Iterator[dict[str, Any]]:
    for name in held(record):
        kind, _ = record.columns[name]
        quantity, _, latent = name.rpartition("_")
        meaning, unit = MEANINGS[name] if name in MEANINGS else OF_LATENTS[quantity]
        column = {"@id": f"#column-{name}", "@type": "PropertyValue", "name": name, "description": f"{meaning.format(latent)} ({kind})"}
        yield column | ({"unitText": unit} if unit else {})


def _reference(identifier: str) -> dict[str, str]:
    return {"@id": identifier}


def _date(published: str | None) -> str:
    """The given day, the day of SOURCE_DATE_EPOCH, or today. Raises UserError."""
    try:
        if published is not None:
            return datetime.date.fromisoformat(published).isoformat()
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date().isoformat() if epoch else datetime.date.today().isoformat()
    except (ValueError, OverflowError, OSError):
        raise UserError(f"{published or os.environ.get('SOURCE_DATE_EPOCH')!r} is not a day", hint="write YYYY-MM-DD") from None
