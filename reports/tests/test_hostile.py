"""Foreign text does nothing in any medium: each report of an audit full of hostile text shows it and obeys none of it."""

import csv
import io
import json
import re
import unicodedata
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from unsettled.claims.audit.baseline import Baseline, Locked
from unsettled.claims.audit.changes import changes
from unsettled.claims.audit.explained import Explained
from unsettled.claims.explanation.facts import Fact
from unsettled.claims.verdict import Measurement
from unsettled.fixtures.faults.hostile import HOSTILE
from unsettled.measure.statistics.estimate import Estimate
from unsettled.measure.support.text import harmless
from unsettled.reports import escaping
from unsettled.reports.exchange import annotations, badge, latex, sarif
from unsettled.reports.exchange import csv_table as table_csv
from unsettled.reports.text import markdown, terminal

OUTCOMES = ("REFUTED", "IMPOSSIBLE", "DRIFTED", "ERROR", "DOES_NOT_TRANSFER", "UNDERPOWERED", "UNVERIFIABLE", "TRANSFERS", "REPRODUCED")


@pytest.fixture(params=HOSTILE)
def text(request):
    return HOSTILE[request.param]


@pytest.fixture
def audit(text, make_audit, make_verdict):
    """An audit with the text in every field that may hold any."""
    fields = dict.fromkeys(("words", "locator", "criterion", "stated", "reason", "command"), text)
    found = Measurement(estimate=Estimate(value=0.5, low=0.4, high=0.6, n=10, method=text, denominator=text, extra={"note": text}))
    verdicts = [
        make_verdict(
            o,
            claim=f"{o}{text}",
            population=f"{'un' * (o == 'UNVERIFIABLE')}measured {text}",
            measured=found,
            acknowledged=text if o == "IMPOSSIBLE" else None,
            **fields,
        )
        for o in OUTCOMES
    ]
    made = make_audit(
        verdicts, drift=(text,), arithmetic=(make_verdict("IMPOSSIBLE", claim=text, population=text, mode="arithmetic", **fields),)
    )
    told = {"title": text, "command": text, "record": text}
    populations = tuple(p.model_copy(update=told | ({"rows": 0} if p.name.startswith("un") else {})) for p in made.populations)
    planted = made.planted[0].model_copy(update={"outcome": "REPRODUCED", "name": text, "population": text, "reason": text})
    rows = made.remeasured[0].model_copy(update={"population": text, "differing": [text]})
    ledger = made.ledger.model_copy(update={"path": text, "title": text})
    locked = Locked(verdict="TRANSFERS", value=0.4, low=0.3, high=0.5, noise=0.0, fingerprints={}, bar={"stated": text})
    told = changes(verdicts, Baseline(locked={verdict.key: locked for verdict in verdicts}))
    facts = (Fact(text, text), Fact("elsewhere", text))
    given = {"populations": populations, "planted": (planted,), "remeasured": (rows,), "ledger": ledger, "changes": told}
    given["definitions"] = {verdict.claim: facts for verdict in verdicts}
    given["explained"] = {verdict.key: Explained(facts=facts) for verdict in verdicts}
    return made.model_copy(update=given)


# ---- Markdown

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OBEYED = {"link_open", "image", "code_inline", "s_open", "em_open", "hr", "blockquote_open", "ordered_list_open"}
OURS = {"details", "summary", "b", "sub"}
# What GitHub links or replaces in finished text, however it was escaped.
LINKED = re.compile(r"@\w|#\d|GH-\d|://|www\.|:[\w+-]+:", re.IGNORECASE)


def test_markdown_shows_and_obeys_nothing(audit, text):
    rendered = markdown.render(audit)
    tokens = PARSER.parse(rendered)
    inner = [child for token in tokens for child in token.children or ()]
    assert not {token.type for token in (*tokens, *inner)} & OBEYED
    raw = "".join(token.content for token in (*tokens, *inner) if token.type in ("html_inline", "html_block"))
    assert {(name, rest) for name, rest in re.findall(r"</?(\w+)([^>]*)>", raw)} <= {(name, "") for name in OURS}
    assert sum(token.type == "heading_open" for token in tokens) == 4
    lines = ["".join(child.content for child in token.children or () if child.type == "text") for token in tokens]
    assert not [line for line in lines if LINKED.search(line)]
    assert shown(text) in "\n".join(" ".join(line.replace("\u200b", "").split()) for line in lines)


def shown(text):
    """How a text must appear, at least its beginning: a reason is cut where it is long."""
    return " ".join(harmless(text).split())[:60]


def test_markdown_cells_stay_in_their_columns(audit):
    rows = []
    for token in PARSER.parse(markdown.render(audit)):
        if token.type == "table_open":
            rows.append([])
        elif token.type == "tr_open":
            rows[-1].append(0)
        elif token.type in ("td_open", "th_open"):
            rows[-1][-1] += 1
    assert len(rows) == 6 and all(len(set(table)) == 1 for table in rows)
    cells = [line for line in markdown.render(audit).splitlines() if line.startswith("|")]
    # the parser pads and cuts rows to the width of the head; count what is written, too
    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1 for line in cells} <= {width for table in rows for width in table}


def test_markdown_escapes_mathematics(audit):
    fence, seen = False, 0
    for line in markdown.render(audit).splitlines():
        fence ^= line.startswith("```")
        seen += not fence and len(re.findall(r"(?<!\\)(?:\\\\)*\$", line))
    assert seen == 0


# ---- workflow commands

COMMAND = re.compile(r"^::(\w[\w-]*)(?: ([^:]*))?::(.*)$")


def undo(text):
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


def test_annotations_are_one_command_each(audit, text):
    lines = annotations.annotate(audit)
    assert all(line.isprintable() for line in lines)
    commands = [COMMAND.match(line) for line in lines]
    assert [c[1] for c in commands] == ["error"] * 6 + ["warning", "notice"]
    for found in commands:
        assert set(dict(part.split("=", 1) for part in found[2].split(","))) <= {"file", "line", "title"}
        assert "\n" not in undo(found[2])
    assert any(" ".join(undo(c[3]).split()).startswith(shown(f"{text}: stated")) for c in commands)


def test_line_ends_of_messages_are_kept_and_commands_in_them_dead():
    assert escaping.workflow_data("a\r\n::error::b%0A") == "a%0A::error::b%250A"
    assert escaping.workflow_property("a:b,\nc") == "a%3Ab%2C c"


# ---- SARIF


def test_sarif(audit, text):
    run = json.loads(sarif.render(audit))["runs"][0]
    messages = [r["message"]["text"] for r in run["results"]] + [
        rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]
    ]
    assert not any(re.search(r"\]\(", m) or re.search(r"(?<!\{)\{(?!\{)", m.replace("{{", "")) for m in messages)
    for location in [run["artifacts"][0]["location"], *(r["locations"][0]["physicalLocation"]["artifactLocation"] for r in run["results"])]:
        assert re.fullmatch(r"(file:///)?[\w./~%-]*", location["uri"])


# ---- LaTeX

ALLOWED = {
    "footnotesize",
    "setlength",
    "tabcolsep",
    "begin",
    "end",
    "caption",
    "toprule",
    "midrule",
    "bottomrule",
    "endfirsthead",
    "endhead",
    "endfoot",
    "multicolumn",
    "raggedright",
    "arraybackslash",
    "linewidth",
    "textbf",
    "textendash",
    "textemdash",
    "allowbreak",
    "addlinespace",
    "ast",
    "dagger",
    "texttt",
    "textbackslash",
    "textasciicircum",
    "textless",
    "textgreater",
    "textbar",
    "char",
    "times",
    "pm",
    "cdot",
    "approx",
    "leq",
    "geq",
    "infty",
    "sim",
    "surd",
    "to",
    "frac",
    "lambda",
    "ldots",
    "textquotedblleft",
    "textquotedblright",
    "textquoteleft",
    "textquoteright",
    "P",
    "S",
    "rho",
    "tau",
    "sigma",
    "Sigma",
    "Delta",
    "eta",
}


def test_latex_holds_no_command_but_ours(audit):
    rendered = latex.render(audit)
    body = "\n".join(line for line in rendered.splitlines() if not line.startswith("%"))
    assert set(re.findall(r"\\([A-Za-z]+)", body.replace(r"\\", " "))) <= ALLOWED
    assert set(re.findall(r"\\(?:begin|end)\{([^}]*)\}", body)) == {"longtable"}
    depth = 0
    for token in re.findall(r"\\.|[{}]", body, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    assert depth == 0
    plain = re.sub(r"\\.|\$\^\\(?:ast|dagger)\$|\$\^\{\\(?:ast|dagger)\}\$", "", body)
    assert not re.search(r"[%#~^]", plain)
    assert plain.count("$") % 2 == 0
    for line in body.splitlines():
        cells = re.sub(r"\\.", "", line)
        if line.startswith("{"):
            assert cells.count("&") in (0, 4)


def test_latex_letters_are_ascii_or_have_a_glyph(audit):
    rendered = latex.render(audit)
    assert {c for c in rendered if not c.isascii()} <= {"é"}


def test_latex_sets_accented_letters_and_names_others():
    assert escaping.latex(
        "Łódź, Erdős, Gödel, Ångström, þ, 中"
    ) == r"Łódź, Erdős, Gödel, Ångström, \texttt{U+00FE}, \texttt{U+4E2D}".replace("\\\\", "\\")


# ---- CSV


def test_csv(audit, text):
    rows = list(csv.reader(io.StringIO(table_csv.render(audit), newline="")))
    assert {len(row) for row in rows} == {len(table_csv.COLUMNS)}
    assert len(rows) == 1 + len(audit.verdicts) + len(audit.arithmetic)
    for cell in (cell for row in rows[1:] for cell in row):
        first = unicodedata.normalize("NFKC", cell.lstrip())[:1]
        assert first not in tuple("=+-@") or re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", cell)
    assert any(harmless(text) in cell for row in rows for cell in row)


# ---- badge, terminal


def test_badges_hold_no_foreign_text(audit, text, make_audit, make_verdict):
    drawn = badge.render_svg(audit)
    assert {element.tag.split("}")[1] for element in ElementTree.fromstring(drawn).iter()} == {
        "svg",
        "title",
        "clipPath",
        "rect",
        "g",
        "text",
    }
    for rendered in (drawn, badge.render_endpoint(audit)):
        assert text not in rendered and harmless(text) not in rendered


def test_terminal(audit):
    assert all(c.isprintable() or c == "\n" for c in terminal.render_file(audit))
