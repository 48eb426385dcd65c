"""`unsettled check-text`: what is a number to bind, what binds it, other digits, and hedges that nobody conceded."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unsettled.claims.ledger.load import load_ledger
from unsettled.claims.manuscript.drafting import draft
from unsettled.claims.manuscript.findings import check
from unsettled.claims.manuscript.reader import parse_manuscript, read_manuscript
from unsettled.fixtures.falsehoods.text_changes import measured
from unsettled.fixtures.synthetic.ledgers import claim_table, ledger_text
from unsettled.measure.errors import UserError

LEDGER = load_ledger()
PRINTED = [claim for claim in LEDGER.claims if claim.printed is not None]


def kinds(text, *, path="draft.md", ledger=LEDGER):
    """(kind, what) of every finding but digits that never appear."""
    return [(f.kind, f.what) for f in check(parse_manuscript(text, path), ledger) if f.kind != "absent"]


def numbers(text, path="draft.md"):
    return [number.text for number in parse_manuscript(text, path).numbers]


def sentence(claim, stated=None):
    """A claim's words and denominator, and its figure."""
    return f"{claim.words} ({claim.denominator}): {stated or claim.stated}."


@given(st.sampled_from(PRINTED))
def test_a_stated_figure_with_its_words_is_bound_and_appears(claim):
    findings = check(parse_manuscript(sentence(claim)), LEDGER)
    assert [f for f in findings if f.kind != "absent"] == []
    assert not any(f.kind == "absent" and claim.id in f.what.split() for f in findings)


@settings(max_examples=60)
@given(st.sampled_from(PRINTED), st.integers(1, 9))
def test_another_last_digit_is_reported(claim, step):
    last = max(i for i, c in enumerate(claim.stated) if c.isdigit())
    changed = claim.stated[:last] + str((int(claim.stated[last]) + step) % 10) + claim.stated[last + 1 :]
    findings = check(parse_manuscript(sentence(claim, changed)), LEDGER)
    # where the digits happen to be those of another claim, its own at least are missed
    missed = [f for f in findings if f.kind == "absent" and claim.id in f.what.split()]
    assert missed or any(f.kind in ("differs", "unbound") for f in findings)


@settings(max_examples=60)
@given(st.sampled_from(PRINTED), st.sampled_from("0123456789"))
def test_another_number_of_digits_is_another_figure(claim, digit):
    last = max(i for i, c in enumerate(claim.stated) if c.isdigit())
    assert kinds(sentence(claim, claim.stated[: last + 1] + digit + claim.stated[last + 1 :]))


@pytest.mark.parametrize("printed", ["87.6%", "87.6 %", "87.6 percent", "87.6 per cent", "0.876", "**87.6%**", "(87.6%)", "87.6%,"])
def test_one_share_in_many_spellings(printed):
    assert kinds(f"The TRM solves {printed} of the test puzzles exactly.") == []


@pytest.mark.parametrize("printed", ["2,048 to 8,192", "2,048–8,192", "2048 to 8192", "between 2,048 and 8,192", "2,048\nto 8,192"])
def test_one_range_in_many_spellings(printed):
    assert kinds(f"Each model is measured on {printed} puzzles.") == []


@pytest.mark.parametrize("printed", ["0 of 254", "none of 254", "not one of the 254", "0/254", "zero out of 254"])
def test_one_zero_count_in_many_spellings(printed):
    assert kinds(f"For {printed} TRM failures do we see that the failure settles.") == []


@pytest.mark.parametrize("printed", ["1 of 254", "none of 255", "not one of 245", "0 of 25"])
def test_another_count_is_reported(printed):
    assert kinds(f"For {printed} TRM failures do we see that the failure settles.")


TEX = r"""\documentclass[11pt]{article}
\usepackage[margin=2.5cm]{geometry}
\begin{document}
\section{Results}\label{sec:3}
% 99 problems
The TRM solves 87.6\% of the test puzzles~\cite{foo2025}, and the HRM solves $52.6\%$ of them (Section~\ref{sec:4}, Fig.~3).
Median of the leading exponent over TRM failures: $\lambda_1 = +0.103$; each model is measured on 2{,}048 to 8{,}192 puzzles.
Among unsettled HRM puzzles of equal displacement the AUC is $0.88$--$0.90$. \includegraphics[width=0.5\textwidth]{plot2}
Early AUC $\approx 0.5$ among TRM puzzles unsolved after four segments.
\begin{verbatim}
x = 42
\end{verbatim}
\end{document}
"""


def test_tex_is_read_as_it_is_printed():
    assert numbers(TEX, "draft.tex") == ["87.6%", "52.6%", "+0.103", "2,048 to 8,192", "0.88 – 0.90", "0.5"]
    assert kinds(TEX, path="draft.tex") == []


def test_a_tie_is_a_space_in_tex_and_a_hedge_elsewhere():
    text = "The TRM solves~87.6\\% of the test puzzles exactly."
    assert kinds(text, path="draft.tex") == []
    assert [kind for kind, _ in kinds(text, path="draft.md")] == ["hedge"]


@pytest.mark.parametrize(
    "text",
    [
        "As was shown (Doe and Roe, 2019; Poe et al., 2021), and by Doe (2020), since 2018.",
        "See Section 4.2, Sections 3 and 4, §5, Fig. 3, Tables 2–4, Eq. (5), Appendix B.2 and page 17.",
        "## 3.1 Results\n\n1. One thing\n2) another\n(3) a third: (1) this, (2) that",
        "arXiv:2510.04871v1, https://example.org/2024/77, doi:10.1000/182 and [12, 14] and [3–5]",
        "```\nx = 41\n```\nand `y = 42`",
        "---\ndate: 2026-01-03\nlimit: 7\n---\nText.",
        "GPT-4 and ResNet50 on 9×9 boards, Python 3.11, v1.2.3, z_0 and x^{17}",
        "A 95% confidence interval, the 2nd of May.",
        "17\n18\n",
        "# References\n\nDoe. Journal 12, 117–140. 2011.",
    ],
)
def test_what_is_no_number_to_bind(text):
    assert numbers(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We used 3 seeds (2,000 puzzles).", ["3", "2,000"]),
        ("In 2048 puzzles, 7% fail.", ["2048", "7%"]),
        ("λ₁ = −0.25, 3e-4 and .993", ["−0.25", "3e-4", ".993"]),
        ("the 45th percentile; 16-segment rollouts; 42M weights", ["45", "16", "42"]),
        ("from 0.1 to 0.2, i.e. 12.5% of 80", ["0.1 to 0.2", "12.5%", "80"]),
        ("Table 3 shows 0.71.", ["0.71"]),
        ("a step of 10^{-3}, or _0.5_", ["1e-3", "0.5"]),
        ("a rate of $2.5\\times10^{-4}$ on $9\\times 9$ boards, 10^6 updates", ["2.5e-4", "1e6"]),
        ("7 in 10 failures; 3 in 2026", ["7 in 10", "3"]),
        ("Accuracy rose from 41% to 53%.", ["41%", "53%"]),
        ("| | HRM |\n|---|---|\n| accuracy, % | 52.6 |\n| loss at 5% | 0.3 |", ["52.6", "5%", "0.3"]),
        ("λ_1 = 0.2", ["0.2"]),
    ],
)
def test_what_is_a_number(text, found):
    assert numbers(text) == found


def test_numbers_of_nothing_are_unbound():
    assert [kind for kind, _ in kinds("We waited for 37 minutes.")] == ["unbound"]


def test_digits_of_a_claim_without_its_words_are_unbound():
    ((kind, what),) = kinds("We waited for 512 minutes.")
    assert kind == "unbound" and "latent.width" in what


def test_swapped_figures_are_noticed():
    ((kind, what),) = kinds("The HRM solves 52.6% of test puzzles exactly. The TRM solves 52.6% of test puzzles exactly.")
    assert kind == "differs" and "trm.accuracy" in what and "87.6%" in what


def test_words_of_one_claim_and_digits_of_another(tmp_path):
    path = tmp_path / "ledger.toml"
    tables = [
        claim_table(id="first", words="Share of puzzles that are solved early", stated="60.0%"),
        claim_table(id="second", words="Share of hard puzzles beyond twenty clues", stated="61.0%"),
    ]
    path.write_text(ledger_text(*(("claim", table) for table in tables)), encoding="utf-8")
    ledger = load_ledger(path)
    assert kinds("Puzzles that are solved early: 60.0%. Hard puzzles beyond twenty clues: 61.0%.", ledger=ledger) == []
    ((kind, what),) = kinds("Puzzles that are solved early: 61.0%.", ledger=ledger)
    assert kind == "differs" and "first" in what and "60.0%" in what


def test_a_short_sentence_is_read_within_its_paragraph():
    words = "How many puzzles the TRM fails is counted over all test puzzles."
    assert kinds(f"{words} It is 254.") == []
    assert [kind for kind, _ in kinds(f"{words}\n\nIt is 254.")] == ["unbound"]


def test_a_small_figure_of_the_notes_needs_more_than_one_word():
    assert kinds("State updates of one HRM rollout: 63.")
    assert kinds("HRM cells at the threshold of Otsu, settled wrong: 63.") == []


def test_one_end_of_a_range_is_bound_but_is_not_the_range():
    findings = check(parse_manuscript("Each model is measured on 2,048 puzzles."), LEDGER)
    assert {f.kind for f in findings} == {"absent"} and any("sample.sizes" in f.what for f in findings)


def test_declared_sizes_settings_and_sourced_figures_are_bound():
    assert kinds("The TRM solves 1,794 of 2,048 test puzzles: successes among the test puzzles.") == []
    assert kinds("Among TRM puzzles unsolved after 4 segments, who is solved later is not told by early displacement.") == []


@pytest.mark.parametrize(
    ("before", "after"), [("", "about "), ("", "~"), ("", "≈ "), ("", "roughly "), ("", "up to "), ("", "at least "), ("", "nearly ")]
)
def test_a_hedge_before_a_figure_that_the_ledger_states_plainly(before, after):
    text = "The TRM solves {}87.6% of test puzzles exactly."
    assert kinds(text.format(before)) == []
    ((kind, what),) = kinds(text.format(after))
    assert kind == "hedge" and after.strip() in what and "trm.accuracy" in what


def test_a_hedge_that_the_ledger_states_may_stand_and_must():
    text = "The last halting confidence is wrong about hardly any failure: only {}0.5% of HRM failures."
    for hedge in ("~", "about ", "≈ ", "roughly "):
        assert kinds(text.format(hedge)) == []
    ((kind, what),) = kinds(text.format(""))
    assert kind == "differs" and "without the hedge" in what


@pytest.mark.parametrize(
    ("text", "conceded"),
    [
        ("A failure that settles and is a stable wrong answer is almost never met.", True),
        ("TRM solves test puzzles exactly almost never (87.6%).", False),
        ("Nearly all HRM failures, 99.45%, do not settle: they wander.", True),
        ("The HRM solves nearly all test puzzles exactly (52.6%).", False),
        ("The latent state is updated up to several hundred times for one puzzle.", True),
        ("The signature of exponents is strictly retrospective: it speaks of the outcome while it happens, not beforehand.", True),
        ("Exponents of TRM failures are strictly positive and locally expansive.", False),
        ("We say so strictly speaking, and almost never otherwise.", True),
    ],
)
def test_hedges_in_words(text, conceded):
    found = [kind for kind, _ in kinds(text)]
    assert found == ([] if conceded else ["hedge"])


def test_places_are_lines_and_columns_of_the_file():
    text = "Intro.\n\nWe waited for 37 minutes\nand 41 hours.\n"
    found = [(f.line, f.column) for f in check(parse_manuscript(text), LEDGER) if f.kind == "unbound"]
    assert found == [(3, 15), (4, 5)]


def test_every_claim_is_absent_from_an_empty_text_but_those_of_notes():
    absent = {f.what for f in check(parse_manuscript(""), LEDGER)}
    assert len(absent) == sum("notes" not in claim.locator for claim in PRINTED)


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_any_text_is_read(text):
    for path in ("draft.md", "draft.tex"):
        manuscript = parse_manuscript(text, path)
        assert len(manuscript.clean) == len(text)
        assert all(0 <= n.start < n.end <= len(text) for n in manuscript.numbers)
        check(manuscript, LEDGER)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(PRINTED), min_size=1, max_size=8))
def test_findings_do_not_depend_on_what_other_paragraphs_print(claims):
    text = "\n\n".join(sentence(claim) for claim in claims)
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [("draft.docx", b"x", "not a manuscript"), ("draft.md", b"\xff\xfe\x00", "UTF-8"), ("missing.md", None, "cannot be read")],
)
def test_bad_input_is_one_line(tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=told):
        read_manuscript(tmp_path / name)


def test_a_long_manuscript_is_read_in_linear_time():
    text = "\n\n".join(sentence(claim) for claim in PRINTED * 2)
    once = -time.perf_counter()
    check(parse_manuscript(text), LEDGER)
    once += time.perf_counter()
    many = -time.perf_counter()
    check(parse_manuscript("\n\n".join([text] * 6)), LEDGER)
    many += time.perf_counter()
    assert many < 20 * once + 0.5


PAIRS = "{a} of HRM failures settle; the other {b} wander. Median of the leading exponent {c} versus {d} for successes of the TRM, in nats."


def test_two_figures_in_each_other_s_place_are_found():
    right = PAIRS.format(a="0.55%", b="99.45%", c="+0.103", d="+0.012")
    assert kinds(right) == []
    for wrong in (PAIRS.format(a="99.45%", b="0.55%", c="+0.103", d="+0.012"), PAIRS.format(a="0.55%", b="99.45%", c="+0.012", d="+0.103")):
        assert [kind for kind, _ in kinds(wrong)] and all(kind == "differs" for kind, _ in kinds(wrong))


@pytest.mark.parametrize("text", ["Two of 254 TRM failures settle.", "Three of the 254 TRM failures settle."])
def test_counts_in_words_are_counts(text):
    ((kind, what),) = kinds(text)
    assert kind == "differs" and "trm.settled_failures, which states 0 of 254" in what


@pytest.mark.parametrize("printed", [r"$52.6\,\%$", r"52.6\,\%", r"$52.6\%$", r"52.6~\%"])
def test_percent_signs_of_tex_belong_to_their_number(printed):
    text = rf"The HRM solves {printed} of the test puzzles exactly."
    assert numbers(text, "draft.tex") == ["52.6%"] and kinds(text, path="draft.tex") == []


def test_a_word_after_a_number_is_not_a_unit_of_tex():
    assert numbers(r"AUC 0.69 in the positive direction, a rule of 3cm and \hspace{2em}.", "draft.tex") == ["0.69"]


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("draft.md", "| network | solved (%) | AUC |\n|---|---|---|\n| HRM of the test puzzles | 52.6 | 0.984 |\n"),
        ("draft.tex", "network & solved (\\%) & AUC \\\\\n\\hline\nHRM of the test puzzles & 52.6 & 0.984 \\\\\n"),
    ],
)
def test_a_column_headed_by_percent_holds_percentages(path, table):
    stated = [number.stated for number in parse_manuscript(table, path).numbers]
    assert [(figure.text, figure.percent) for figure in stated] == [("52.6%", True), ("0.984", False)]


def test_recall_and_false_alarms_are_measured_on_every_changed_number():
    pairs = PAIRS.format(a="0.55%", b="99.45%", c="+0.103", d="+0.012")
    text = parse_manuscript(" ".join([*map(sentence, PRINTED[:6]), pairs]))
    found, alarms, missed = measured(text, LEDGER)
    caught, every = (sum(pair[place] for pair in found.values()) for place in (0, 1))
    assert every > 70 and caught >= 0.95 * every, missed
    assert alarms == len([f for f in check(text, LEDGER) if f.kind == "absent"])


def test_a_percent_sign_that_heads_a_row_is_read_with_its_cells():
    table = "| | HRM |\n|---|---|\n| accuracy, % | 52.6 |\n| loss at 5% | 0.3 |"
    assert [str(n.stated.text) for n in parse_manuscript(table).numbers] == ["52.6%", "5%", "0.3"]
    tex = r"\begin{document} It solves $52.6\,\%$ of them."
    assert [n.stated.text for n in parse_manuscript(tex, "a.tex").numbers] == ["52.6%"]


def test_a_cell_is_drafted_and_bound_by_what_heads_its_row_and_column(tmp_path):
    path = tmp_path / "draft.md"
    path.write_text("---\ntitle: Networks at rest\n---\n\n| model | accuracy (%) | AUC |\n|---|---|---|\n| ours | 52.6 | .982 |\n")
    (tmp_path / "ledger.toml").write_text(draft(read_manuscript(path)))
    ledger = load_ledger(tmp_path / "ledger.toml")
    assert ledger.paper.title == "Networks at rest"
    assert [(c.words, c.stated, c.statistic) for c in ledger.claims] == [
        ("accuracy (%), ours", "52.6%", "accuracy"),
        ("AUC, ours", ".982", "auc"),
    ]
    assert not check(read_manuscript(path), ledger)
