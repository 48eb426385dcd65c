"""What records and reports say of a network; a model of its own, so that who reads them needs no torch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ModelFacts(BaseModel):
    """Architecture, size and schedule of a network.

    ``architecture`` is "hrm", "trm", or the name of a user's own file and function; ``latents`` are the names of the tensors of its
    state, the one that is answered from first; ``grows`` says that the state has no scale of rest; ``adapter`` is the sha256 of a
    user's file. A network without cycles has ``H_cycles`` and ``L_cycles`` 0, one without a width ``hidden_size`` 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    architecture: str
    variant: str
    hidden_size: int
    tokens: int
    parameters: int
    updates_per_segment: int
    H_cycles: int
    L_cycles: int
    # left out of a record where they are what every HRM and TRM has
    latents: tuple[str, ...] = Field(default=("H", "L"), min_length=1, exclude_if=lambda latents: latents == ("H", "L"))
    grows: bool = Field(default=False, exclude_if=lambda grows: not grows)
    adapter: str | None = Field(default=None, exclude_if=lambda adapter: adapter is None)

    @property
    def title(self) -> str:
        """What the network is called in text: HRM, TRM, or a user's file and function as they are."""
        return self.architecture.upper() if self.adapter is None else self.architecture
