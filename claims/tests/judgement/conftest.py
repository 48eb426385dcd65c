"""The judge asked about one made-up claim, for the tests of this wing."""

from unsettled.fixtures.synthetic.asking import ask, measuring, paper

__all__ = ["ask", "measuring", "paper"]
