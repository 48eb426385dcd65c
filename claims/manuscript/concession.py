"""Which hedges a claim concedes: by how it is stated, by the form it must meet, or in its own words."""

from __future__ import annotations

import re

from unsettled.claims.ledger.claim import AnyClaim
from unsettled.claims.ledger.forms import ShareAbove, ShareBelow
from unsettled.claims.manuscript.policy import NEAR_ALL, RARE, Hedge


def concedes(claim: AnyClaim, hedge: Hedge, phrase: str) -> bool:
    """Whether the ledger's claim itself says as much as a hedging phrase: literally, or by what it states."""
    if re.search(rf"\b{re.escape(phrase.lower())}\b", spoken(claim)):
        return True
    stated, forms = claim.printed, [form for form in (claim.own_form, claim.form) if form is not None]
    share = stated.value if stated is not None and (stated.percent or stated.shape == "count") else None
    if hedge.by == "rare":
        below = any(isinstance(form, ShareBelow) and form.threshold <= RARE for form in forms)
        return below or (share is not None and share <= RARE)
    if hedge.by == "near all":
        above = any(isinstance(form, ShareAbove) and form.threshold >= NEAR_ALL for form in forms)
        return above or (share is not None and share >= NEAR_ALL)
    if hedge.by == "zero":
        return claim.kind == "zero_count"
    return hedge.by == "approximate" and stated is not None and stated.approximate


def spoken(claim: AnyClaim) -> str:
    """All that the ledger says of a claim in words, in lower case."""
    forms = [form for form in (claim.own_form, claim.form) if form is not None]
    return " ".join([claim.words, claim.stated, claim.denominator, *(form.why for form in forms)]).lower()
