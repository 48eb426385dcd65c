"""Weight-compatible HRM and TRM."""

from unsettled.measure.models.config import ModelConfig, swiglu_width
from unsettled.measure.models.hrm import HRM
from unsettled.measure.models.recursive import RecursiveModel
from unsettled.measure.models.trm import TRM


def build(config: ModelConfig) -> RecursiveModel:
    """A freshly initialised network of the given structure."""
    return {"hrm": HRM, "trm": TRM}[config.architecture](config)


__all__ = ["HRM", "TRM", "ModelConfig", "RecursiveModel", "build", "swiglu_width"]
