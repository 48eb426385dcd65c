"""What counts in a manuscript, as tables: what is not a number to bind, which words hedge, which words mean nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_LINES = re.MULTILINE
_ACROSS = re.MULTILINE | re.DOTALL
_NAME = r"(?:[A-Z][\w’'-]+|al\.?)"
_YEAR = r"(?:19|20[0-3])\d(?:\d)?[a-z]?"
_PLACES = (
    r"sections?|secs?\.|figures?|figs?\.|tables?|tabs?\.|equations?|eqs?\.|eqns?\.|chapters?|ch\.|appendix|appendices|app\.|"
    r"theorems?|lemmas?|propositions?|corollar(?:y|ies)|definitions?|algorithms?|alg\.|pages?|pp?\.|lines?|footnotes?|"
    r"notes?|paragraphs?|steps?|stages?|parts?|items?|questions?|experiments?|versions?|v\."
)

# Stands where a replaced text was longer, inside a number: it has no width and is not a space.
FILLER = "\u2060"
# Where TeX writes what plain text writes otherwise: replaced first, by as many characters.
TEX: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\(?:approx|simeq|sim)(?![a-zA-Z])|\\textasciitilde(?:\{\})?"), "≈"),
    (re.compile(r"\\(?:leq?)(?![a-zA-Z])"), "≤"),
    (re.compile(r"\\(?:geq?)(?![a-zA-Z])"), "≥"),
    (re.compile(r"\\times(?![a-zA-Z])"), "×"),
    (re.compile(r"\\lambda(?:_\{?1\}?)?(?![a-zA-Z])"), "λ"),
    (re.compile(r"(?<=\d)\{,\}(?=\d)"), ","),
    (re.compile(r"(?<=\d)\\,(?=\d)"), ","),
    (re.compile(r"(?<!-)--(?!-)"), "–"),
    (re.compile(r"\\(?:emph|textbf|textit|text|mathrm|underline|mathbf|operatorname)\{"), ""),
    (re.compile(r"\\[,;:! ]|[${}]"), ""),
)

# Text in which no number is a result; blanked in this order, the first `AS_WRITTEN` of them before TeX is rewritten.
AS_WRITTEN = 5
MASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("front matter", re.compile(r"\A---\n.*?\n---\n", re.DOTALL)),
    ("code block", re.compile(r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1|\Z)", _ACROSS)),
    ("comment", re.compile(r"<!--.*?-->", re.DOTALL)),
    ("inline code", re.compile(r"(`+)[^`\n]+\1")),
    ("subscript", re.compile(r"(?<=[^\W_])[_^](?:\{[^{}]*\}|\([^()\s]*\)|[\w+-]\d*)|(?<=[)}\]])[_^](?:\{[^{}]*\}|\w)")),
    ("link target", re.compile(r"\]\([^)\s]*\)|<https?://[^>]*>|https?://\S+|\bdoi:\s*\S+|\b10\.\d{4,9}/\S+", re.IGNORECASE)),
    ("arXiv id", re.compile(r"\barxiv:?\s*\S*\d{4}\.\d{4,5}(?:v\d+)?|\b\d{4}\.\d{5}(?:v\d+)?\b", re.IGNORECASE)),
    ("references", re.compile(r"^#+\s*(?:references|bibliography)\s*$.*\Z", _ACROSS | re.IGNORECASE)),
    ("citation", re.compile(rf"\([^()]*?\b{_NAME},?\s+{_YEAR}[^()]*\)|\b{_NAME}\s+\({_YEAR}\)")),
    ("citation number", re.compile(r"\[\^?\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]")),
    (
        "year",
        re.compile(
            r"\b(?:in|since|until|before|after|of|by|[A-Z][a-z]+)\s+(?:19\d\d|20[0-3]\d)\b(?![,.]\d|\s*(?:%|[a-z]*\s*puzzles|examples|runs|samples))"
        ),
    ),
    (
        "date",
        re.compile(
            r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}\s+(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
        ),
    ),
    ("heading number", re.compile(r"^#{1,6}\s+\d+(?:\.\d+)*\.?(?=\s)", _LINES)),
    (
        "place in a text",
        re.compile(
            rf"(?:\b(?:{_PLACES})\s*|[§¶]+\s*)\(?[A-Z]?\.?\d+(?:\.\d+)*[a-z]?\)?(?:\s*(?:,|and|to|–|-)\s*[§¶]?\(?\d+(?:\.\d+)*[a-z]?\)?)*(?!\s*%|\d)",
            re.IGNORECASE,
        ),
    ),
    ("list number", re.compile(r"^\s*(?:>\s*)?(?:\d{1,3}[.)]|\(\d{1,3}\)|\[\d{1,3}\])(?=\s)", _LINES)),
    ("list number", re.compile(r"(?<![\w%])\(\d{1,2}\)(?=\s)")),
    ("line or page number", re.compile(r"^[ \t]*\d{1,5}[ \t]*$", _LINES)),
    (
        "version",
        re.compile(
            r"\b(?:python|pytorch|torch|cuda|numpy|jax|pandas|scipy)\s*(?:[<>=~^]=?\s*)?\d+(?:\.\d+)*|\bv?\d+\.\d+\.\d+\S*|\bv\d+(?:\.\d+)*\b",
            re.IGNORECASE,
        ),
    ),
    ("board size", re.compile(r"(?<![\d.])\d+(?:\s?x\s?|[ \t]{0,8}×[ \t]{0,2})\d+(?![\d.])")),
    ("level of an interval", re.compile(r"\b\d{2}(?:\.\d)?\s?%[-\s]+(?:\w+[-\s]+)?(?:CIs?|confidence|credible|intervals?|limits?)\b")),
    ("ordinal", re.compile(r"\b\d+(?:st|nd|rd|th)\b(?!\s*(?:percentile|quantile|decile))")),
    ("name", re.compile(r"\b[A-Za-z]+[-–]?\d[\w.-]*(?<![.-])|(?<![\w.])\d+[A-Za-z]*-?(?:bit|D)\b")),
)
# The same for TeX files, before anything else is read.
TEX_MASKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("preamble", re.compile(r"\A.*?\\begin\{document\}", re.DOTALL)),
    ("comment", re.compile(r"(?<!\\)%.*$", _LINES)),
    ("code block", re.compile(r"\\begin\{(verbatim\*?|lstlisting|minted|thebibliography|tikzpicture)\}.*?\\end\{\1\}", re.DOTALL)),
    (
        "label",
        re.compile(
            r"\\(?:label|ref|eqref|autoref|cref|Cref|pageref|cite[a-z]*\*?|bibitem|input|include|includegraphics|url|href|bibliography[a-z]*|vspace\*?|hspace\*?|setcounter|setlength|usepackage|footnotemark)\s*(?:\[[^\]]*\])*\{[^{}]*\}"
        ),
    ),
    ("environment", re.compile(r"\\(?:begin|end)\{[^{}]*\}(?:\[[^\]]*\]|\{[^{}]*\})*")),
    ("length", re.compile(r"(?<![\w.])-?\d*\.?\d+(?:\s*(?:\\(?:text|line|column)width|pt|cm|mm)|em|ex|in)(?![a-zA-Z])|\\\\\[[^\]]*\]")),
)

# After these a full stop ends no sentence.
ABBREVIATIONS = frozenset(
    (
        *("e.g", "i.e", "vs", "cf", "etc", "al", "fig", "figs", "sec", "secs", "eq", "eqs", "tab", "no", "vol", "resp"),
        *("approx", "ca", "dr", "prof"),
    )
)

Concession = Literal["approximate", "most", "least", "rare", "near all", "zero", "words"]


@dataclass(frozen=True)
class Hedge:
    """One way to hedge. ``before_number`` hedges a figure that follows; the ledger concedes it by ``by`` (see `concession`)."""

    pattern: str
    by: Concession
    before_number: bool = False


HEDGES: tuple[Hedge, ...] = (
    Hedge(
        r"~|≈|≃|∼|\b(?:about|approximately|roughly|around|circa|nearly|almost|some|close to)\b|\bca?\.", "approximate", before_number=True
    ),
    Hedge(r"≤|<=|<|\b(?:up to|at most|no more than|less than|fewer than|below|under)\b", "most", before_number=True),
    Hedge(r"≥|>=|>|\b(?:at least|no fewer than|no less than|more than|above)\b", "least", before_number=True),
    Hedge(r"\bup to\b", "words"),
    Hedge(r"\b(?:almost|nearly|practically) never\b|\bhardly (?:any|ever)\b|\b(?:almost|nearly) (?:none|no)\b", "rare"),
    Hedge(r"\b(?:almost|nearly|practically) (?:all|always|every)\b", "near all"),
    Hedge(r"\bnot (?:a single )?one\b", "zero"),
    Hedge(r"\bstrictly\b", "words"),
    Hedge(r"\b(?:roughly|about|approximately|nearly|almost) (?:half|a third|a quarter|a tenth|twice|one in \w+)\b", "words"),
)
# Shares that the ledger must state, or bound, for "almost never" and "nearly all".
RARE, NEAR_ALL = 0.05, 0.9
# A locator that names these says that the figure stands outside the manuscript.
BESIDE = re.compile(r"\b(?:notes?|supplement\w*|repository|code|correspondence|data release)\b", re.IGNORECASE)

STOPWORDS = frozenset(
    (
        *("a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "do", "does", "did", "done", "for"),
        *("from", "had", "has", "have", "how", "in", "into", "is", "it", "its", "many", "more", "no", "not", "of", "on"),
        *("or", "only", "other", "out", "over", "per", "that", "the", "their", "them", "there", "these", "they", "this"),
        *("those", "to", "under", "until", "up", "was", "we", "were", "what", "when", "where", "which", "while", "who"),
        *("whose", "why", "will", "with", "without", "one", "two", "than", "then", "so", "such", "same", "each", "both"),
        *("all", "any", "some", "few", "our", "us", "if", "about", "after", "before", "again", "here", "also", "very"),
        *("just", "since", "against", "between", "through", "during", "share", "number", "value"),
    )
)
# Words that mean the same in these texts; the left one is read as the right one.
SYNONYMS = {
    "λ": "exponent",
    "λ1": "exponent",
    "λ₁": "exponent",
    "lambda": "exponent",
    "lambda1": "exponent",
    "lyapunov": "exponent",
    "right": "success",
    "correct": "success",
    "wrong": "fail",
    "confident": "confidence",
    "confidently": "confidence",
    "roc": "auc",
    "move": "displacement",
    "moves": "displacement",
    "trajectory": "rollout",
    "trajectories": "rollout",
    "separates": "auc",
    "separation": "auc",
    "separate": "auc",
    "solves": "solved",
    "wander": "wandering",
    "overall": "whole",
}
SUFFIXES = ("ures", "ure", "ically", "ally", "ingly", "ings", "ing", "ions", "ion", "ness", "ly", "al", "ed", "es", "s", "e")
