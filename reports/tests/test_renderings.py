"""Which file gets which rendering; names are checked before anything is measured, files are whole or not there."""

from importlib import import_module
from pathlib import Path

import pytest

from unsettled.claims.audit.audit import read_audit
from unsettled.measure.errors import UserError
from unsettled.reports.renderings import RENDERINGS, renderer_of, suffixes, targets, write_report


@pytest.mark.parametrize("name", RENDERINGS)
def test_every_rendering_is_a_function_and_says_what_it_is_for(name):
    entry, purpose = RENDERINGS[name]
    module, _, function = entry.partition(":")
    assert callable(getattr(import_module(module), function)) and purpose


@pytest.mark.parametrize("name", ["a.md", "A.MD", "audit.json", "badge.json", "b.c.svg"])
def test_name_or_suffix_decides(name):
    module, _, function = RENDERINGS.get(name, RENDERINGS[Path(name).suffix.lower()])[0].partition(":")
    assert renderer_of(Path("some", "folder", name)) is getattr(import_module(module), function)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a.docx"], "a.docx: no rendering has a name like that (suffixes: .html, "),
        (["noSuffix"], "noSuffix: no rendering"),
        (["nowhere/a.md"], "nowhere: the report cannot be written: no such folder"),
        (["there.md"], "there.md: the report cannot be written: a folder of that name is there"),
        (["a.md", "./a.md"], "./a.md: the report is asked for twice"),
    ],
)
def test_bad_names_are_one_line(given, told, tmp_path):
    (tmp_path / "there.md").mkdir()
    with pytest.raises(UserError) as error:
        targets(given, tmp_path)
    assert str(error.value).startswith(told)
    assert "\n" not in str(error.value)


def test_relative_names_lie_below_the_folder(tmp_path):
    assert targets(["a.md", tmp_path / "b.csv"], tmp_path) == (tmp_path / "a.md", tmp_path / "b.csv")


@pytest.mark.parametrize("suffix", suffixes())
def test_reports_are_written_whole_and_alike(suffix, make_audit, make_verdict, tmp_path):
    audit = make_audit([make_verdict(), make_verdict("REFUTED", claim="b"), make_verdict("UNVERIFIABLE", claim="c", measured=None)])
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    sizes = [write_report(audit, path) for path in paths]
    assert sizes == [path.stat().st_size for path in paths] and min(sizes) > 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_audit_json_is_the_audit_itself(make_audit, make_verdict, tmp_path):
    audit = make_audit([make_verdict()])
    write_report(audit, tmp_path / "audit.json")
    assert read_audit(tmp_path / "audit.json") == audit


def test_a_file_that_cannot_be_written_leaves_nothing(make_audit, make_verdict, tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UserError, match="cannot write the report"):
        write_report(make_audit([make_verdict()]), tmp_path / "a.txt")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_the_page_lists_every_rendering():
    page = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in page.splitlines() if line.startswith("| `")]
    assert rows == [(name, purpose) for name, (_, purpose) in RENDERINGS.items()]
