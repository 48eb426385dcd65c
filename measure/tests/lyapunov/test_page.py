"""The Python of measure/README.md runs as it is printed."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "README.md"


def test_blocks_of_the_page_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 5
    names = {}
    exec(compile(blocks[0], str(PAGE), "exec"), names)
    exec(compile(blocks[1], str(PAGE), "exec"), compiled := {})
    grown = compiled["tangent_growth"](compiled["Pointwise"](compiled["henon"]), compiled["start"], k=2, segments=10, updates_per_segment=5)
    assert grown.exponents(unit="update").sum(dim=1).numpy() == pytest.approx(math.log(0.3), abs=1e-9)  # Hénon contracts areas by 0.3
    # fewer segments than the page's
    exec(compile(blocks[2].replace("segments=16", "segments=2"), str(PAGE), "exec"), names)
    assert names["result"].growth.shape == (8, 16, 4)
    assert "tensor" in capsys.readouterr().out
    assert names["found"].shortfall().shape == (3, 8, 8)
    # a shorter run of the flow than the page's
    steps = blocks[3].replace("updates_per_segment=20", "updates_per_segment=1").replace("warmup=20, tail=20", "warmup=1, tail=1")
    exec(compile(steps, str(PAGE), "exec"), names)
    assert names["leading"].values.shape == (8, 2) and names["sigma"].value.shape == (8,)
    flow = blocks[4].replace("segments=500", "segments=2").replace("k=3", "k=1")
    exec(compile(flow, str(PAGE), "exec"), names | {"velocity": lambda z: -0.5 * z})
