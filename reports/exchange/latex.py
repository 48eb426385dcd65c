r"""The claims as a LaTeX table for an appendix; needs ``\usepackage{booktabs,longtable,array}``, no other package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unsettled.claims.audit.audit import Audit
from unsettled.claims.verdict import Outcome, Verdict
from unsettled.measure.support.figures import plural
from unsettled.reports.escaping import latex
from unsettled.reports.headline import sentence
from unsettled.reports.problems import level_of
from unsettled.reports.references import references

# Heading and column type; together they fit a text block of 345 pt in \footnotesize.
COLUMNS = (
    ("Claim", r">{\raggedright\arraybackslash}p{0.30\linewidth}"),
    ("Stated", r">{\raggedright\arraybackslash}p{0.13\linewidth}"),
    ("Measured [interval]", r">{\raggedright\arraybackslash}p{0.26\linewidth}"),
    ("$n$", "r"),
    ("Verdict", "l"),
)
WORDS = {outcome.value: outcome.shown.replace("_", " ").lower() for outcome in Outcome}
# How the table marks what failed, and what is acknowledged, so that it reads without colour.
MARKS = {"error": r"$^{\ast}$", "warning": r"$^{\dagger}$"}

HEAD = r"""% Needs \usepackage{booktabs,longtable,array}; reads with pdfLaTeX, XeLaTeX and LuaLaTeX.
{\footnotesize
\setlength{\tabcolsep}{3pt}
\begin{longtable}{@{}COLUMNS@{}}
\caption{CAPTION}\\
\toprule
TITLES\\
\midrule
\endfirsthead
\toprule
TITLES\\
\midrule
\endhead
\bottomrule
\endfoot
"""


def render(audit: Audit) -> str:
    """One ``longtable``: populations as groups, the arithmetic of the digits last."""
    titles = " & ".join(title for title, _ in COLUMNS)
    caption = rf"{latex(sentence(audit))} Intervals of 95\,\%; $\ast$ failed, $\dagger$ acknowledged."
    lines = [HEAD.replace("COLUMNS", "".join(kind for _, kind in COLUMNS)).replace("CAPTION", caption).replace("TITLES", titles).rstrip()]
    groups = [(p.name, p.title, [v for v in audit.verdicts if v.population == p.name]) for p in audit.populations]
    groups.append(("arithmetic", "of the printed digits", list(audit.arithmetic)))
    shown = [group for group in groups if group[2]]
    for number, (name, title, verdicts) in enumerate(shown):
        lines += [r"\addlinespace"] if number else []
        lines += _group(name, title, verdicts, audit.policy)
    used = "; ".join(map(latex, references(audit)))
    return "\n".join([*lines, r"\end{longtable}", *([rf"\noindent Methods: {used}."] if used else []), "}"]) + "\n"


def _group(name: str, title: str, verdicts: Sequence[Verdict], policy: str) -> Iterator[str]:
    about = f": {latex(title)}" if title else ""
    yield _across(rf"\textbf{{{_breakable(name)}}}{about}") + "*"
    if all(v.outcome is Outcome.UNVERIFIABLE for v in verdicts):
        yield _across(f"{plural(len(verdicts), 'claim')}, nothing measured: {', '.join(_breakable(v.claim) for v in verdicts)}")
        return
    for verdict in verdicts:
        mark = MARKS.get(level_of(verdict, policy) or "", "")
        cells = (_breakable(verdict.claim), latex(verdict.stated), latex(verdict.shown), verdict.sample, WORDS[verdict.outcome] + mark)
        yield " & ".join(f"{{{cell}}}" for cell in cells) + r"\\"


def _across(text: str) -> str:
    """A row of one cell."""
    return rf"\multicolumn{{{len(COLUMNS)}}}{{@{{}}p{{0.98\linewidth}}@{{}}}}{{\raggedright {text}}}\\"


def _breakable(name: str) -> str:
    """A dotted name that may break after its dots."""
    return r".\allowbreak{}".join(latex(part) for part in name.split("."))
