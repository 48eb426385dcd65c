"""What must hold on another checkpoint for a claim to transfer: typed, declared before anything is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from unsettled.measure.support.figures import Notation

Area = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Words = Annotated[str, Field(min_length=3)]


class Form(BaseModel):
    """Common to every form.

    ``why`` documents the choice in words; ``parameters`` replaces parameters of the claim's statistic on other
    checkpoints, for settings that are figures of the paper's own checkpoint (a percentile of its displacements).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    why: Words
    parameters: dict[str, object] = {}


class AucAbove(Form):
    """The area under the ROC curve is above ``threshold``."""

    test: Literal["auc_above"]
    threshold: Area


class ShareAbove(Form):
    """The share is above ``threshold``."""

    test: Literal["share_above"]
    threshold: Area


class ShareBelow(Form):
    """The share is below ``threshold``."""

    test: Literal["share_below"]
    threshold: Area


class ValueAbove(Form):
    """The value is above ``threshold``, in the unit of the statistic."""

    test: Literal["value_above"]
    threshold: Finite


class ValueBelow(Form):
    """The value is below ``threshold``, in the unit of the statistic."""

    test: Literal["value_below"]
    threshold: Finite


class DifferencePositive(Form):
    """A difference of two figures on the same examples is above zero."""

    test: Literal["difference_positive"]


class Equivalent(Form):
    """The value lies within ``margin`` of ``to`` (two one-sided tests, read off the interval)."""

    test: Literal["equivalent"]
    to: Finite
    margin: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Exists(Form):
    """At least one case exists; absence counts only once a rate of ``rate`` can be excluded."""

    test: Literal["exists"]
    rate: Annotated[float, Field(gt=0.0, lt=1.0)]


class NotApplicable(Form):
    """No other checkpoint can speak to the claim; ``reason`` says why."""

    test: Literal["not_applicable"]
    reason: Words

    @model_validator(mode="before")
    @classmethod
    def _why_is_the_reason(cls, data: object) -> object:
        return {"why": data.get("reason"), **data} if isinstance(data, dict) else data


AnyForm = Annotated[
    AucAbove | ShareAbove | ShareBelow | ValueAbove | ValueBelow | DifferencePositive | Equivalent | Exists | NotApplicable,
    Field(discriminator="test"),
]


def region(form: Form) -> tuple[float, float] | None:
    """The open interval of values that satisfy a form; None where the form is not one of an interval."""
    if isinstance(form, (AucAbove, ShareAbove, ValueAbove)):
        return form.threshold, float("inf")
    if isinstance(form, (ShareBelow, ValueBelow)):
        return float("-inf"), form.threshold
    if isinstance(form, DifferencePositive):
        return 0.0, float("inf")
    if isinstance(form, Equivalent):
        return form.to - form.margin, form.to + form.margin
    return None


def describe(form: Form, notation: Notation | None = None) -> str:
    """The form as a short phrase that completes "the measured value is …", in the notation of that value."""
    notation = (notation or Notation(percent=isinstance(form, (ShareAbove, ShareBelow)))).finer(6)
    match form:
        case ShareAbove() | AucAbove() | ValueAbove():
            return f"above {notation.value(form.threshold)}"
        case ShareBelow() | ValueBelow():
            return f"below {notation.value(form.threshold)}"
        case DifferencePositive():
            return "above 0"
        case Equivalent():
            return f"within {notation.difference(form.margin)} of {notation.value(form.to)}"
        case Exists():
            return "at least one case"
        case NotApplicable():
            return f"not applicable: {form.reason}"
    raise TypeError(f"unknown form {type(form).__name__}")
