"""A ledger is read whole, or refused in one line that says where and how to mend it."""

import json
import re
import tomllib

import pytest

from unsettled.claims.audit.known import KNOWN, load_known
from unsettled.claims.catalogue.registered import STATISTICS
from unsettled.claims.ledger.forms import NotApplicable
from unsettled.claims.ledger.load import PAPER, json_schema, load_ledger
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.fixtures.synthetic.ledgers import HEAD, claim_table, ledger_text
from unsettled.measure.errors import UserError

ROWS_OF_THE_PAPER = [
    "hrm.accuracy",
    "trm.accuracy",
    "sample.sizes",
    "segments",
    "updates.hundreds",
    "latent.width",
    "trm.failures.count",
    "trm.settled_failures",
    "trm.least_mobile_failure",
    "correct.enter_and_stay",
    "trm.lambda1.median.failure",
    "trm.lambda1.median.success",
    "trm.failures.expansive",
    "trm.lambda1.auc",
    "hrm.settled_failures",
    "hrm.wandering_failures",
    "hrm.settled_failures.exist",
    "matched.displacement.auc",
    "matched.givens.auc",
    "hrm.lambda1.auc",
    "early.trm.lambda1",
    "early.trm.displacement",
    "early.trm.halting",
    "early.hrm.displacement",
    "signature.retrospective",
    "halting.tracks_correctness",
    "selection.ceiling",
    "restarts.beat_pruning",
    "labels.corrected",
    "tooling.released",
]


@pytest.fixture(scope="module")
def paper():
    return load_ledger()


@pytest.fixture
def refused(tmp_path):
    """Load a ledger that must be refused; its (line, message)."""

    def refuse(*tables, head=HEAD, text=None):
        path = tmp_path / "ledger.toml"
        path.write_text(text if text is not None else ledger_text(*tables, head=head), encoding="utf-8")
        with pytest.raises(UserError) as refusal:
            load_ledger(path)
        found = re.fullmatch(rf"{re.escape(str(path))}(?::(\d+))?: (.*)", str(refusal.value))
        assert found, f"not one line with file and line: {refusal.value}"
        return int(found[1] or 0), found[2], path.read_text(encoding="utf-8").splitlines()

    return refuse


def test_the_papers_ledger_holds_every_row(paper):
    ids = [claim.id for claim in paper.claims]
    assert set(ROWS_OF_THE_PAPER) <= set(ids)
    assert len(ids) == len(set(ids)) == 44


def test_printed_digits_are_kept_as_printed(paper):
    stated = {claim.id: claim.stated for claim in paper.claims}
    assert stated["trm.lambda1.auc"] == "0.993" and stated["hrm.settled_failures"] == "0.55%"
    assert stated["trm.lambda1.median.failure"] == "+0.103" and stated["trm.settled_failures"] == "0 of 254"
    assert paper["matched.displacement.auc"].members == ["0.879", "0.900"]


def test_every_claim_says_what_would_matter_and_why_its_form_is_what_it_is(paper):
    for claim in paper.claims:
        assert claim.smallest_contradiction > 0 and claim.form.why and claim.statistic in STATISTICS
        assert re.fullmatch(r"(¶[1-4](, ¶[1-4])*|author's notes)", claim.locator)


def test_lines_point_at_the_tables(paper):
    lines = PAPER.read_text(encoding="utf-8").splitlines()
    for entry in (*paper.claims, *paper.figures, *paper.checks):
        assert lines[entry.line - 1] in ("[[claim]]", "[[figure]]", "[[arithmetic]]")
        assert lines[entry.line] == f'id = "{entry.id}"'


def test_a_group_stands_for_its_members_and_sizes_of_the_sample_concern_nobody_else(paper):
    assert paper.own(paper["labels.corrected"]) == {"paper.hrm", "paper.trm"}
    assert paper.own(paper["trm.accuracy"]) == {"paper.trm"}
    for claim in paper.claims:
        applies = not isinstance(claim.form, NotApplicable)
        trm, hrm = ("paper.trm" in paper.own(claim)), ("paper.hrm" in paper.own(claim))
        assert paper.concerns(claim, "reference.trm", "trm") == (applies and trm)
        assert paper.concerns(claim, "reference.hrm", "hrm") == (applies and hrm)
        assert paper.concerns(claim, "paper.trm", "trm") == trm


def test_a_claim_is_frozen(paper):
    with pytest.raises(ValueError, match="frozen"):
        paper["trm.accuracy"].stated = "99%"


def test_another_band_elsewhere_drops_the_settings_of_the_old_one(paper):
    claim = paper["hrm.settled_failures"]
    assert (claim.settings().rule, claim.settings().percentile) == ("percentile", 45)
    assert (claim.settings(elsewhere=True).rule, claim.settings(elsewhere=True).percentile) == ("otsu", None)


def test_an_unknown_claim_is_named(paper):
    with pytest.raises(UserError, match="no claim 'nobody'"):
        paper["nobody"]


MALFORMED = {
    "an unknown key": (claim_table(sated="60%"), "sated =", "unknown key 'sated'"),
    "a missing key": (claim_table(locator=None), "[[claim]]", "key 'locator' is missing"),
    "digits without quotes": (claim_table(stated=0.6), "stated =", "put the printed digits in quotes"),
    "an unknown kind": (claim_table(kind="pointy"), "kind =", "kind pointy is none of point, share"),
    "an unknown statistic": (claim_table(statistic="acuracy"), "statistic =", "unknown statistic 'acuracy'"),
    "an unknown population": (claim_table(population="paper.gpt"), "population =", "unknown population 'paper.gpt'"),
    "an unknown parameter": (claim_table(parameters={"of": 3}), "parameters =", "parameters of 'accuracy': of"),
    "a parameter out of range": (
        claim_table(statistic="settled_share", parameters={"rule": "percentile", "percentile": 120.0}),
        "parameters =",
        "less than 100",
    ),
    "a band without its setting": (claim_table(statistic="settled_share", parameters={"rule": "percentile"}), "parameters =", "percentile"),
    "a parameter elsewhere": (
        claim_table(form={"test": "share_above", "threshold": 0.5, "why": "why not", "parameters": {"of": 3}}),
        "form =",
        "parameters of 'accuracy': of",
    ),
    "an unknown form": (claim_table(form={"test": "share_beyond", "why": "why not"}), "form =", "share_above"),
    "a form that never ends": (
        claim_table(form={"test": "share_above", "threshold": 1.5, "why": "why not"}),
        "form =",
        "less than or equal to 1",
    ),
    "no reason for a form": (claim_table(form={"test": "share_above", "threshold": 0.5}), "form =", "'why' is missing"),
    "no figure": (claim_table(stated="most"), "[[claim]]", "not a printed figure"),
    "NaN": (claim_table(stated="nan"), "[[claim]]", "not a printed figure"),
    "a share in percent without its sign": (claim_table(stated="60.0"), "stated =", "write a share in percent"),
    "an area beyond one": (claim_table(statistic="auc", kind="point", stated="1.7"), "stated =", "lies outside [0, 1]"),
    "a range for a point": (claim_table(kind="point", stated="0.5–0.6"), "[[claim]]", "is a range"),
    "a zero count that is none": (claim_table(kind="zero_count", stated="2 of 9"), "[[claim]]", "states 0 of n"),
    "a contradiction that nothing shows": (claim_table(smallest_contradiction=1.5), "smallest_contradiction =", "can never be observed"),
    "a contradiction of nothing": (claim_table(smallest_contradiction=0), "smallest_contradiction =", "greater than 0"),
    "an infinite contradiction": (claim_table(smallest_contradiction=1e400), "[[claim]]", "finite"),
    "a denominator of nobody": (claim_table(of=0), "of =", "greater than or equal to 1"),
    "prose instead of a form": (
        claim_table(kind="direction", stated="higher", form={"test": "not_applicable", "reason": "because"}),
        "[[claim]]",
        "needs a measurable form",
    ),
    "a line of one's own": (claim_table(line=7), "line =", "unknown key 'line'"),
    "an id with blanks": (claim_table(id="some claim"), "id =", "pattern"),
}


@pytest.mark.parametrize(("table", "where", "what"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_claim_is_refused_where_it_stands(refused, table, where, what):
    if table.get("smallest_contradiction") == float("inf"):
        text = ledger_text(("claim", claim_table())).replace("smallest_contradiction = 0.1", "smallest_contradiction = inf")
        line, message, lines = refused(text=text)
    else:
        line, message, lines = refused(("claim", claim_table(id="first.claim")), ("claim", table))
    assert what in message
    assert lines[line - 1].startswith(where) or where == "[[claim]]"
    if where == "[[claim]]" and "inf" not in what:
        assert line >= len(HEAD.splitlines())


def test_ids_are_unique_over_all_tables(refused):
    figure = {"id": "some.claim", "words": "a figure", "locator": "notes", "population": "paper.trm", "values": {"a": "1"}}
    for again in (("claim", claim_table()), ("figure", figure)):
        line, message, lines = refused(("claim", claim_table()), again)
        assert "'some.claim' is used twice, first at" in message and lines[line - 1] == 'id = "some.claim"'


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[paper\n", 1, "not valid TOML"),
        (HEAD + "\n[[claim]]\nid = \n", len(HEAD.splitlines()) + 3, "not valid TOML"),
        (HEAD, 1, "holds no claim"),
        (HEAD + "\n[[claims]]\nid = 'x'\n", len(HEAD.splitlines()) + 2, "unknown table 'claims'"),
        (HEAD + "\n[claim]\nid = 'x'\n", len(HEAD.splitlines()) + 2, "write [[claim]]"),
        (HEAD + "\n[[claim]]\nid = '''\n[[claim]]\n'''\n", len(HEAD.splitlines()) + 2, "key 'kind' is missing"),
        ("[[claim]]\nid = 'x'\n", 1, "[paper] is missing"),
    ],
)
def test_a_malformed_file_is_refused_where_it_breaks(refused, text, line, what):
    found, message, _ = refused(text=text)
    assert what in message and found == line


def test_a_header_inside_a_long_string_is_no_table(refused):
    text = ledger_text(("claim", claim_table(id="first.claim")), ("claim", claim_table(kind="pointy")))
    text = text.replace('words = "Share of puzzles', "words = '''\n[[claim]]\nShare'''\nwhatever = \"", 1)
    text = text.replace('whatever = " that are solved"\n', "")
    line, _, lines = refused(text=text)
    assert lines[line - 1] == 'kind = "pointy"'


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load_ledger(tmp_path / "absent.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        load_ledger(tmp_path / "bytes.toml")


CHECKS = {
    "an unknown reference": ({"check": "sum", "parts": ["nobody", "some.claim"], "whole": "100%"}, "parts =", "'nobody'"),
    "an open bound": ({"check": "sum", "parts": ["≤ 3", "some.claim"], "whole": "100%"}, "parts =", "open on one side"),
    "a zero denominator": ({"check": "ratio", "numerator": [3], "denominator": [0], "claim": "5%"}, "denominator =", "above zero"),
    "no zero count": ({"check": "zero_bound", "claim": "some.claim"}, "claim =", "not a zero count"),
    "sizes twice": ({"check": "linked", "sizes": {"claim": "a", "only": [3]}, "right": "some.claim"}, "sizes =", "either a claim"),
    "sizes of no range": (
        {"check": "linked", "sizes": {"claim": "some.claim"}, "right": "some.claim"},
        "sizes =",
        "not a range of at most 1,000,000 sizes",
    ),
    "an unknown check": ({"check": "sudoku"}, "check =", "check sudoku is none of linked"),
}


@pytest.mark.parametrize(("table", "where", "what"), CHECKS.values(), ids=CHECKS.keys())
def test_a_malformed_check_is_refused(refused, table, where, what):
    entry = {"id": "a.check", "words": "a check", "locator": "¶1", "population": "paper.trm", **table}
    line, message, lines = refused(("claim", claim_table()), ("arithmetic", entry))
    assert what in message and lines[line - 1].startswith(where)


def test_a_member_that_is_not_declared_and_a_population_declared_twice(refused):
    _, message, _ = refused(("claim", claim_table()), head=HEAD.replace('"paper.hrm", "paper.trm"]', '"paper.gpt"]'))
    assert "unknown member 'paper.gpt'" in message
    _, message, _ = refused(("claim", claim_table()), head=HEAD.replace('name = "paper.hrm"', 'name = "paper.trm"'))
    assert "declared twice" in message


def test_another_papers_ledger_needs_no_code(tmp_path):
    head = '[paper]\ntitle = "Other"\nsource = "here"\n\n[[population]]\nname = "my"\nwords = "my own net"\n'
    path = tmp_path / "other.toml"
    path.write_text(ledger_text(("claim", claim_table(population="my")), head=head), encoding="utf-8")
    ledger = load_ledger(path)
    assert ledger.own(ledger.claims[0]) == {"my"} and ledger.concerns(ledger.claims[0], "their", "hrm")


def test_the_schema_knows_every_key_of_the_papers_ledger_and_refuses_others():
    schema = json.loads(json.dumps(json_schema()))
    kinds = schema["properties"]["claim"]["items"]["discriminator"]["mapping"]
    tables = tomllib.loads(PAPER.read_text(encoding="utf-8"))
    assert set(tables) <= set(schema["properties"]) and schema["additionalProperties"] is False
    for table in tables["claim"]:
        definition = schema["$defs"][kinds[table["kind"]].rsplit("/", 1)[1]]
        assert set(table) <= set(definition["properties"]) and definition["additionalProperties"] is False
        assert set(definition["required"]) <= set(table)
        assert "line" not in definition["properties"]


def verdict_of(outcome, claim="some.claim", population="paper.trm"):
    return Verdict(
        claim=claim,
        population=population,
        mode="recompute",
        outcome=outcome,
        stated="60.0%",
        words="words",
        locator="¶1",
        criterion="criterion",
        reason="reason",
    )


def test_the_acknowledged_contradictions_name_claims_and_checks_of_the_paper(paper):
    known = load_known(KNOWN, ledger=paper)
    assert len(known.entries) == 5
    assert {entry.outcome for entry in known.entries} <= {Outcome.REFUTED, Outcome.IMPOSSIBLE}


def test_an_acknowledgement_is_strict(tmp_path):
    path = tmp_path / "known.toml"
    path.write_text('[[known]]\nclaim = "some.claim"\noutcome = "REFUTED"\nreason = "the author says so"\n')
    known = load_known(path)
    refuted, repaired = verdict_of(Outcome.REFUTED), verdict_of(Outcome.REPRODUCED)
    assert known.acknowledge(refuted).acknowledged == "the author says so"
    assert known.acknowledge(repaired).acknowledged is None
    assert known.acknowledge(verdict_of(Outcome.REFUTED, claim="other.claim")).acknowledged is None
    assert known.stale([refuted]) == [] and known.stale([verdict_of(Outcome.UNVERIFIABLE)]) == []
    assert known.stale([repaired]) == list(known.entries)
    assert known.stale([repaired, refuted]) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('claim = "nobody"\noutcome = "REFUTED"\nreason = "long enough"', "no claim or check 'nobody'"),
        ('claim = "trm.accuracy"\noutcome = "TRANSFERS"\nreason = "long enough"', "not a contradiction that can be acknowledged"),
        ('claim = "trm.accuracy"\noutcome = "REFUTED"\nreason = "short"', "at least 10"),
        ('claim = "trm.accuracy"\noutcome = "REFUTED"\nreason = "long enough"\npopulation = "x"', "unknown population 'x'"),
    ],
)
def test_a_malformed_acknowledgement_is_refused(tmp_path, paper, text, what):
    path = tmp_path / "known.toml"
    path.write_text(f"[[known]]\n{text}\n")
    with pytest.raises(UserError, match=re.escape(what)) as refusal:
        load_known(path, ledger=paper)
    assert re.match(rf"{re.escape(str(path))}:\d+: ", str(refusal.value))
