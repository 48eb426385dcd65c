"""The paper on the page: each bound number in the colour of what its verdicts come to together, and foreign text as text."""

import pytest

from unsettled.claims.manuscript.marked import Marked, Piece, Sentence
from unsettled.reports.html.page import render
from unsettled.reports.html.paper import paper_of, standing


@pytest.fixture
def text():
    pieces = (
        Piece(text="A <b>TRM</b> has "),
        Piece(text="0.993", claims=("trm.lambda1.auc",)),
        Piece(text=" and "),
        Piece(text="7", claims=()),
    )
    return Marked(name="draft.md", paragraphs=((Sentence(pieces=pieces, claims=("wander",)),),))


@pytest.mark.parametrize(
    ("outcomes", "family"),
    [
        ([], "open"),
        (["UNDERPOWERED", "UNVERIFIABLE"], "open"),
        (["TRANSFERS", "UNDERPOWERED"], "held"),
        (["DOES_NOT_TRANSFER", "REFUTED"], "fell"),
        (["TRANSFERS", "DOES_NOT_TRANSFER"], "mixed"),
        (["DRIFTED"], "drifted"),
    ],
)
def test_what_verdicts_come_to_together(make_verdict, outcomes, family):
    assert standing([make_verdict(outcome) for outcome in outcomes])[1] == family


def test_numbers_and_sentences_are_marked_and_lead_to_the_grid(make_audit, make_verdict, text):
    verdicts = [make_verdict(), make_verdict("DOES_NOT_TRANSFER", population="reference.hrm"), make_verdict("TRANSFERS", claim="wander")]
    ((line,),) = [block.sentences for block in paper_of(make_audit(verdicts, manuscript=text))]
    assert [piece.family for piece in line.pieces] == ["", "mixed", "", "unbound"]
    assert line.pieces[1].says == "trm.lambda1.auc: transfers 1; does not transfer 1" and line.family == "held"
    html = render(make_audit(verdicts, manuscript=text))
    assert f'href="{line.pieces[1].href}"' in html and f'id="{line.pieces[1].href[1:]}"' in html
    assert "<b>TRM</b>" not in html and "&lt;b&gt;TRM&lt;/b&gt;" in html


def test_headings_tables_and_lists_are_set_as_such(make_audit, make_verdict):
    parts = ["# A heading\n", "Prose of one line.", " More.\n", "| a | 1 |\n|---|---|\n", "- one\n- two\n"]
    paragraphs = [[*parts[:3]], [parts[3]], [parts[4]]]
    spoken = tuple(tuple(Sentence(pieces=(Piece(text=text),), claims=()) for text in paragraph) for paragraph in paragraphs)
    audit = make_audit([make_verdict()], manuscript=Marked(name="draft.md", paragraphs=spoken))
    assert [block.kind for block in paper_of(audit)] == ["heading", "", "table", "list"]
    html = render(audit)
    assert '<p class="heading"><span>A heading' in html and "Prose of one line.</span> <span>More." in html


def test_without_a_manuscript_there_is_no_such_section(make_audit, make_verdict):
    audit = make_audit([make_verdict()])
    assert paper_of(audit) == () and 'id="paper"' not in render(audit)
