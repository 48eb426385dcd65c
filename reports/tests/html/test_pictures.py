"""Pictures of a record: all seven or why not, the figures that they tell, and the scales and paths that draw them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from unsettled.measure.analysis.portrait import portrait_of
from unsettled.reports.html.pictures import pictures
from unsettled.reports.html.svg import Frame, Scale, polyline, slug, spread, tag


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r,
        lambda r: r.take(r.solved),
        lambda r: r.take(~r.solved),
        lambda r: r.take(np.array([0])),
        lambda r: r.take(np.array([0, 1])),
        lambda r: r.replace(growth=np.empty((len(r), r.segments, 0))),
        lambda r: r.replace(displacement_H=np.zeros_like(r.displacement_H)),
        lambda r: r.replace(growth=np.where(r.growth < 0, -np.inf, r.growth)),
        lambda r: r.replace(growth=np.full_like(r.growth, np.nan)),
        lambda r: r.replace(halting_logit=np.full_like(r.halting_logit, np.nan)),
        lambda r: r.replace(halting_logit=np.zeros_like(r.halting_logit)),
        lambda r: r.replace(displacement_H=np.full_like(r.displacement_H, np.nan)),
    ],
)
def test_any_record_has_its_pictures_or_says_why_not(small, spoil):
    found = list(pictures(portrait_of("x", spoil(small))))
    assert len(found) == 7
    for picture in found:
        if picture.drawing is None:
            assert picture.caption.startswith("Not drawn: ") and len(picture.caption) > 20
        else:
            assert not re.search(r"[\d\"\s]-?(nan|inf)\b", str(picture.drawing))
            assert f'aria-label="{picture.panel.title}, x"' in picture.drawing
            assert f'-{picture.panel.key}"' in picture.drawing and picture.panel.rows


def test_pictures_tell_the_figures_of_the_portrait(small):
    portrait = portrait_of("x", small)
    found = {picture.panel.key: picture for picture in pictures(portrait)}
    assert f"{portrait.cells.B} of {portrait.cells.failures}" in found["cloud"].caption
    assert [row[1] for row in found["cloud"].panel.rows] == [f"{getattr(portrait.cells, cell)}" for cell in "ABCD"]
    for matching in portrait.matchings:
        if matching.matched.defined:
            assert f"AUC of displacement itself within the bins is {matching.residual:.4g}" in found["deciles"].caption
    assert len(found["early"].panel.rows) == len(portrait.horizons) == 3


def test_scales_put_values_where_they_belong():
    assert Scale(0, 10, 100, 200)(5) == 150 and Scale(1, 100, 0, 100, log=True)(10) == pytest.approx(50)
    assert Scale(0, 1, 0, 100)(math.inf) == 100 and Scale(1, 10, 0, 100, log=True)(0.0) == 0 and math.isnan(Scale(0, 1, 0, 1)(math.nan))
    for low, high in ((0.0, 1.0), (-0.2, 0.07), (1e-9, 3e-9), (0.9924, 0.9936), (-1e6, 5e6)):
        scale = Scale(low, high, 0, 1)
        ticks = scale.ticks()
        assert 2 <= len(ticks) <= 8 and all(low - 1e-12 <= t <= high + 1e-12 for t in ticks)
        assert np.allclose(np.diff(ticks), ticks[1] - ticks[0])
    assert Scale(1e-5, 20, 0, 1, log=True).ticks() == pytest.approx([1e-5, 1e-3, 1e-1, 10])
    assert spread([], start=0, stop=1).ticks() and spread([3.0, 3.0], start=0, stop=1)(3.0) == pytest.approx(0.5)


def test_elements_escape_and_paths_break_at_gaps():
    assert str(tag("text", "<b>&\u202e", class_='a"b')) == '<text class="a&#34;b">&lt;b&gt;&amp;\\u202e</text>'
    assert polyline([(0, 0), (1.25, 2), (math.nan, 1), (3, 4)]) == "M0 0 1.2 2M3 4"
    assert slug("a b") != slug("a-b") and re.fullmatch(r"[A-Za-z0-9-]+", slug('x"><script>'))
    frame = Frame(Scale(0, 3, 0, 30), Scale(0, 1, 10, 0), "", "")
    frame.ribbon([0, 1, 2, 3], [0, 0, math.nan, 0], [1, 1, 1, 1], "x")
    assert str(frame.parts[0]).count("M") == 1 and len(frame.parts) == 1
