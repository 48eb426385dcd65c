"""Figures for papers: every picture in every format, equal bytes for equal records, foreign text inert, and bad input in a line."""

import json
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import rc_context, rcParams
from typer.testing import CliRunner

from unsettled.claims.audit.audit import write_audit
from unsettled.claims.verdict import Measurement
from unsettled.fixtures.faults.hostile import HOSTILE
from unsettled.fixtures.synthetic.records import synthetic_record
from unsettled.measure.analysis.portrait import portrait_of
from unsettled.measure.errors import UserError
from unsettled.measure.record.parquet import write_record
from unsettled.measure.statistics.estimate import Estimate
from unsettled.reports.commands import app
from unsettled.reports.figures.figures import PICTURES, draw_forest, draw_portrait, figure_kinds, named_records, slug
from unsettled.reports.figures.forest import lines_of
from unsettled.reports.figures.style import COLUMN, OUTCOMES, SCORES, saved, style
from unsettled.reports.html.pictures import pictures
from unsettled.reports.panels import panels

MAGIC = {"pdf": b"%PDF-1.4", "svg": b"<?xml", "png": b"\x89PNG"}


@pytest.fixture(scope="module")
def portrait():
    return portrait_of("made.up", synthetic_record(300, separation=1.2, settled_failures=0.2, seed=4), title="made up")


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_drawn_at_column_width(name, portrait):
    with style():
        drawn = PICTURES[name][0](portrait)
        assert drawn.get_figwidth() == COLUMN
        for axes in drawn.axes:
            assert axes.has_data()
    assert panels(portrait)[name].caption.endswith(".")


def test_equal_records_give_equal_bytes_whatever_the_user_s_style(portrait):
    files = []
    for settings in ({}, {"font.size": 20, "savefig.dpi": 30, "axes.grid": True}):
        with rc_context(settings), style():
            drawn = PICTURES["spectrum"][0](portrait)
            files.append({kind: saved(drawn, kind) for kind in MAGIC})
        assert rcParams["svg.hashsalt"] != "unsettled"
    assert files[0] == files[1]
    assert all(files[0][kind].startswith(magic) for kind, magic in MAGIC.items())
    assert b"CreationDate" not in files[0]["pdf"] and b"<dc:date>" not in files[0]["svg"]


def test_what_a_record_lacks_is_said(tmp_path):
    record = synthetic_record(60, k=3, accuracy=1.0)
    record = record.replace(growth=record.growth[:, :, :0], halting_logit=np.full_like(record.halting_logit, np.nan))
    told = dict(draw_portrait(portrait_of("bare", record), tmp_path, kinds=("svg",)))
    assert told["cloud"] == told["spectrum"] == "Not drawn: the record holds no exponents."
    assert told["roc"] == "Not drawn: every puzzle is solved."
    assert told["confidence"] == "Not drawn: no halting logit is finite."
    assert "bare-displacement" in told


def test_both_engines_say_the_same_of_a_picture(portrait, tmp_path):
    told = dict(draw_portrait(portrait, tmp_path, kinds=("svg",)))
    for picture in pictures(portrait):
        panel = picture.panel
        assert picture.caption.startswith(panel.caption) and panel.caption in told[f"made.up-{panel.key}"]
        assert panel.title in told[f"made.up-{panel.key}"] and f'aria-label="{panel.title}, made.up"' in picture.drawing


def test_classes_differ_by_more_than_colour():
    for looks in (OUTCOMES, SCORES):
        assert len({look.marker for look in looks.values()}) == len({look.dash for look in looks.values()}) == len(looks)


def test_forest_groups_failures_first_and_holds_the_stated_digits(make_audit, make_verdict, tmp_path):
    low = Measurement(estimate=Estimate(value=-0.15, low=-0.2, high=-0.1, n=2048, unit="nats per update"))
    audit = make_audit(
        [
            make_verdict(),
            make_verdict("REFUTED", claim="b", stated="52.6%"),
            make_verdict("TRANSFERS", claim="c", stated="+0.103", measured=low),
            make_verdict("TRANSFERS", claim="d", stated="qualitative"),
            make_verdict("UNVERIFIABLE", claim="e", measured=None),
        ]
    )
    lines = lines_of(audit)
    assert [line.verdict.claim for line in lines] == ["trm.lambda1.auc", "b", "c", "d"]
    assert lines[0].stated == pytest.approx((0.9925, 0.9935)) and lines[3].stated is None
    ((stem, caption),) = draw_forest(audit, tmp_path, kinds=("svg",))
    assert stem == "forest" and caption.startswith("Verdicts on 4 measured claims (1 without")
    ((_, none),) = draw_forest(make_audit([]), tmp_path, kinds=("svg",))
    assert none.startswith("Not drawn")


@pytest.mark.parametrize("name", ["mathematics", "latex", "html", "glyphs", "terminal", "long", "path"])
def test_foreign_text_is_drawn_not_read(name, make_audit, make_verdict, tmp_path, recwarn):
    text = HOSTILE[name]
    audit = make_audit([make_verdict("REFUTED", claim=text, population=text, stated=text)])
    list(draw_forest(audit, tmp_path, kinds=("svg",)))
    tags = {element.tag.split("}")[1] for element in ElementTree.parse(tmp_path / "forest.svg").iter()}
    assert not tags & {"script", "image", "a", "foreignObject"} and [p.name for p in tmp_path.iterdir()] == ["forest.svg"]
    assert not [w for w in recwarn if "Glyph" in str(w.message)]
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") and slug(text)[0] not in ".-"


def test_names_of_records(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_record(synthetic_record(20), tmp_path / folder / "record.parquet")
    paths = [str(tmp_path / folder / "record.parquet") for folder in ("one", "two")]
    assert list(named_records(paths)) == ["one", "two"]
    assert list(named_records([f"a={paths[0]}", paths[1]])) == ["a", "two"]
    with pytest.raises(UserError, match="two records are called one"):
        named_records([paths[0], f"one={paths[1]}"])
    with pytest.raises(UserError, match="no such record"):
        named_records(["nowhere.parquet"])
    with pytest.raises(UserError, match="no figure is written as jpg"):
        figure_kinds("pdf,jpg")


def test_command_writes_figures_forest_and_captions(tmp_path, make_audit, make_verdict):
    write_record(synthetic_record(60), tmp_path / "r.parquet")
    write_audit(make_audit([make_verdict()]), tmp_path / "audit.json")
    options = ["--out", str(tmp_path / "new" / "figures"), "--audit", str(tmp_path / "audit.json"), "--kinds", "svg"]
    result = CliRunner().invoke(app, ["figures", f"net={tmp_path / 'r.parquet'}", *options], catch_exceptions=False)
    assert result.exit_code == 0
    written = {p.name for p in (tmp_path / "new" / "figures").iterdir()}
    captions = json.loads((tmp_path / "new" / "figures" / "captions.json").read_text())
    assert set(captions) == {name.removesuffix(".svg") for name in written if name.endswith(".svg")}
    assert written == {"captions.json", "forest.svg", *(f"net-{name}.svg" for name in PICTURES)}
    for path in (tmp_path / "new" / "figures").glob("*.svg"):
        ElementTree.parse(path)
