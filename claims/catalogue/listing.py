"""The catalogue for readers: what each statistic means, what it takes, its unit and limits; as a table, in full, as JSON."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from unsettled.claims.catalogue.registered import SIDE_KINDS, STATISTICS, lookup
from unsettled.claims.catalogue.registry import Statistic


def entry(statistic: Statistic) -> dict[str, Any]:
    """One statistic as plain data: name, meaning, limits, what it needs, and its parameters with their defaults."""
    low, high = statistic.limits or (-math.inf, math.inf)
    return {
        "name": statistic.name,
        "summary": statistic.summary,
        "meaning": " ".join((inspect.getdoc(statistic.function) or "").replace("``", "").split()),
        "limits": [low if math.isfinite(low) else None, high if math.isfinite(high) else None],
        "exact": statistic.exact,
        "needs": SIDE_KINDS[statistic.needs].words if statistic.needs else None,
        "about_parameters": " ".join((inspect.getdoc(statistic.parameters) or "").replace("``", "").split()),
        "parameters": dict(_parameters(statistic)),
    }


def entries() -> list[dict[str, Any]]:
    """All statistics by name."""
    return [entry(STATISTICS[name]) for name in sorted(STATISTICS)]


def _parameters(statistic: Statistic) -> Iterator[tuple[str, dict[str, Any]]]:
    schema = statistic.parameters.model_json_schema()
    for name, field in statistic.parameters.model_fields.items():
        described = schema["properties"][name]
        kind = described.get("enum") or described.get("type") or [each.get("type") for each in described.get("anyOf", ())]
        yield name, {"takes": kind, "default": _default(field), "required": field.is_required()}


def _default(field: FieldInfo) -> Any:
    return None if field.default is PydanticUndefined else field.default


def in_words(name: str) -> Iterator[tuple[str, str]]:
    """The labels and texts of one statistic in full. Raises UserError for an unknown name."""
    found = entry(lookup(name))
    yield "means", found["meaning"]
    low, high = found["limits"]
    bounded = low is not None or high is not None
    yield "values", f"from {'−∞' if low is None else low} to {'∞' if high is None else high}" if bounded else "anywhere"
    if found["exact"]:
        yield "error", "none: a fact of the checkpoint" if found["exact"] == "checkpoint" else "none: a choice of whoever measured"
    if found["needs"]:
        yield "needs", found["needs"]
    yield "parameters", found["about_parameters"]
    for parameter, told in found["parameters"].items():
        takes = " | ".join(map(str, told["takes"])) if isinstance(told["takes"], list) else told["takes"]
        default = "required" if told["required"] else f"{told['default']} by default"
        yield f"  {parameter}", f"{takes}; {default}"
