"""What iterates: the HRM and the TRM, weight-compatible with the published code, and their checkpoints."""

from unsettled.measure.networks.config import ModelConfig, swiglu_width
from unsettled.measure.networks.hrm import HRM
from unsettled.measure.networks.recursive import RecursiveModel
from unsettled.measure.networks.trm import TRM


def build(config: ModelConfig) -> RecursiveModel:
    """A freshly initialised network of the given structure."""
    return {"hrm": HRM, "trm": TRM}[config.architecture](config)


__all__ = ["HRM", "TRM", "ModelConfig", "RecursiveModel", "build", "swiglu_width"]
