"""Weight-compatible HRM and TRM."""

from measure.models.config import ModelConfig, swiglu_width
from measure.models.hrm import HRM
from measure.models.recursive import RecursiveModel
from measure.models.trm import TRM


def build(config: ModelConfig) -> RecursiveModel:
    """A freshly initialised network of the given structure."""
    return {"hrm": HRM, "trm": TRM}[config.architecture](config)


__all__ = ["HRM", "TRM", "ModelConfig", "RecursiveModel", "build", "swiglu_width"]
