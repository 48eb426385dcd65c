"""Foreign text made harmless for each medium: Markdown on GitHub, workflow commands, LaTeX, CSV, SARIF messages, SVG.

A ledger, a record and the path of either may hold anything. Every function takes any text and returns text that the medium shows
and does not obey; control and bidirectional characters are shown as escapes in all of them (`unsettled.measure.support.text`).
"""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import quote

from unsettled.measure.support.text import harmless

# Backslash escapes of CommonMark for what is read within a line or a table cell; `$` starts mathematics on GitHub.
_MARKDOWN = str.maketrans({c: "\\" + c for c in "\\`*[]{}|~$#"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;"})
# Underscores within words emphasise nothing.
_UNDERSCORE = re.compile(r"(?<!\w)_|_(?!\w)")
# What GitHub links or replaces in finished text, whatever was escaped: mentions, issues, addresses, emoji.
_LINKED = re.compile(r"(@)(?=\w)|((?:\\#|GH-))(?=\d)|(:)(?=//)|(www)(?=\.)|(:)(?=[\w+-]+:)", re.IGNORECASE)
_UNSEEN = "&#8203;"
# A line that would start a list or a heading.
_LINE_START = re.compile(r"^(\s*\d+(?=[.)](?:\s|$))|\s*(?=[-=+](?:[-=\s]|$)))")

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"$\sim$",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "`": r"{\char96}",
    "−": "$-$",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\ldots{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "≈": r"$\approx$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "∞": r"$\infty$",
    "√": r"$\surd$",
    "→": r"$\to$",
    "½": r"$\frac12$",
    "¶": r"\P{}",
    "§": r"\S{}",
    "λ": r"$\lambda$",
    "ρ": r"$\rho$",
    "τ": r"$\tau$",
    "σ": r"$\sigma$",
    "Σ": r"$\Sigma$",
    "Δ": r"$\Delta$",
    "η": r"$\eta$",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "\u00a0": "~",
} | {subscript: f"$_{digit}$" for digit, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")}

# Accents that the oldest encoding of LaTeX can set: grave, acute, circumflex, tilde, macron, breve, dot, diaeresis, ring, double
# acute, caron, cedilla.
_ACCENTS = frozenset("\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0327")

# A cell that a spreadsheet would compute (https://owasp.org/www-community/attacks/CSV_Injection); plain numbers may start so.
_FORMULA = frozenset("=+-@\t\r\n")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:e[+-]?\d+)?%?", re.IGNORECASE)


def markdown(text: str) -> str:
    """One line of GitHub's Markdown, also for a table cell: no link, mention, image, tag, mathematics or second cell."""
    escaped = _UNDERSCORE.sub(r"\\_", harmless(text).translate(_MARKDOWN))
    return _LINE_START.sub(r"\1\\", _LINKED.sub(lambda match: match[0] + _UNSEEN, escaped))


def markdown_code(text: str) -> str:
    """A command on lines of its own: a fence longer than any in it."""
    line = harmless(text)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence}sh\n{line}\n{fence}"


def workflow_data(text: str) -> str:
    """The message of a GitHub workflow command; line ends are shown as such."""
    lines = "\n".join(harmless(line) for line in re.split(r"\r\n|\r|\n", text))
    return lines.replace("%", "%25").replace("\n", "%0A")


def workflow_property(text: str) -> str:
    """A property of a GitHub workflow command, such as a file or a title: one line."""
    return workflow_data(harmless(text)).replace(":", "%3A").replace(",", "%2C")


def latex(text: str) -> str:
    """Text of a LaTeX document; letters that a plain LaTeX has no glyph for are named by their code point."""
    signed = re.sub(r"(?<!\w)-(?=[\d.∞])", "−", harmless(text))
    return signed.translate(_LATEX_LETTERS).replace("--", "-{}-").replace("''", "'{}'")


class _LatexLetters(dict[int, str]):
    """What stands for a character, by its code point; found once for each."""

    def __missing__(self, code: int) -> str:
        self[code] = _LATEX.get(chr(code)) or _latex_letter(chr(code))
        return self[code]


_LATEX_LETTERS = _LatexLetters()


def _latex_letter(character: str) -> str:
    decomposed = unicodedata.normalize("NFD", character)
    if (decomposed[0].isascii() and set(decomposed[1:]) <= _ACCENTS) or character in "æÆøØœŒßłŁ":
        return character
    return rf"\texttt{{U+{ord(character):04X}}}"


def csv_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before what would be one."""
    cell = harmless(text)
    start = unicodedata.normalize("NFKC", cell.lstrip())[:1]
    return "'" + cell if start in _FORMULA and start and not _NUMBER.fullmatch(cell) else cell


def sarif_message(text: str) -> str:
    """The text of a SARIF message: no embedded links (§3.11.6) and no placeholders (§3.11.5)."""
    return harmless(text).replace("](", "] (").replace("{", "{{").replace("}", "}}")


def uri(path: str) -> str:
    """A path as a relative URI: everything but letters, digits, dots, dashes and slashes is encoded (RFC 3986)."""
    return quote(path, safe="/")


def xml(text: str) -> str:
    """Text or the value of an attribute in XML or SVG."""
    return html.escape(harmless(text), quote=True)
