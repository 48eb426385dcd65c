"""A manuscript by its paragraphs: each number with what binds it, each claim without digits at the sentence that makes it."""

import pytest

from unsettled.claims.ledger.load import PAPER, load_ledger
from unsettled.claims.manuscript.marked import marked
from unsettled.claims.manuscript.reader import parse_manuscript

# Made up from the ledger's own words: three paragraphs of prose, the first of them about something else.
TEXT = """# A heading with the number 512

Nothing here speaks of any claim at all, it only fills the first paragraph with so many words that it counts as
prose and thereby moves what follows to where the paper has it, ¶2.

The official-recipe TRM solves 87.6% of the test puzzles and the HRM checkpoint 12.3% of something unheard of. Trajectories that
end right enter a narrow band of low velocity and remain in it. Nothing else is said, and it takes a few more words to fill.

Selecting answers by confidence can reach far, since few failures settle and are confident.
"""


@pytest.fixture(scope="module")
def ledger():
    return load_ledger(PAPER)


@pytest.fixture(scope="module")
def found(ledger):
    return marked(parse_manuscript(TEXT), ledger)


def test_the_pieces_are_the_text(found):
    assert "".join(piece.text for paragraph in found.paragraphs for sentence in paragraph for piece in sentence.pieces) == TEXT


def test_a_heading_is_a_sentence_of_its_own_without_an_empty_line_after_it(ledger):
    (sentences,) = marked(parse_manuscript("# A heading of 3\nProse of 4 words here.\n"), ledger).paragraphs
    assert ["".join(piece.text for piece in s.pieces) for s in sentences] == ["# A heading of 3\n", "Prose of 4 words here.\n"]


def test_numbers_carry_what_binds_them_and_nothing_where_nothing_does(found):
    numbers = {p.text: p.claims for paragraph in found.paragraphs for s in paragraph for p in s.pieces if p.claims is not None}
    assert numbers["87.6%"] == ("trm.accuracy",) and numbers["12.3%"] == ()


def test_a_claim_without_digits_stands_at_its_sentence_in_its_paragraph(found):
    made = {claim: "".join(p.text for p in s.pieces) for paragraph in found.paragraphs for s in paragraph for claim in s.claims}
    assert made["correct.enter_and_stay"].strip().startswith("Trajectories that")
    assert made["selection.ceiling"].startswith("Selecting answers")


def test_a_claim_whose_words_are_nowhere_is_nowhere(ledger):
    text = parse_manuscript("Prose about the weather.\n\nMore of it, and nothing about networks.\n")
    assert [claim for paragraph in marked(text, ledger).paragraphs for s in paragraph for claim in s.claims] == []
