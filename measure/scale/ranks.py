"""Which of how many processes this one is, as torchrun or srun tell by environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unsettled.measure.errors import UserError

# (starter, variable of the rank, of the number of ranks, of the rank on its machine); the first that is set counts.
STARTERS = (("torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"), ("srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"))


@dataclass(frozen=True)
class Rank:
    """One process of several: ``number`` of ``of``, and ``local`` on its machine; all counted from 0."""

    number: int = 0
    of: int = 1
    local: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.of or self.local < 0:
            raise UserError(f"rank {self.number} of {self.of} (on its machine {self.local}) makes no sense", hint="ranks count from 0")

    def share(self, pieces: int) -> list[int]:
        """The pieces of work that fall to this rank: every so many, from its own number on."""
        return list(range(self.number, pieces, self.of))


def rank_of(environment: Mapping[str, str], *, number: int | None = None, of: int | None = None) -> Rank:
    """The rank that the environment tells, or that was given; rank 0 of 1 when neither is.

    Args:
        environment: as `os.environ`; torchrun's variables go before those of srun.
        number, of: both or neither; they overrule the environment, to run a rank alone.

    Raises:
        UserError: one of two is given, or a variable is not a whole number.
    """
    if (number is None) != (of is None):
        raise UserError("--rank and --ranks are given together or not at all")
    told = next(((n, o, at) for _, n, o, at in STARTERS if n in environment), None)
    if number is not None and of is not None:
        return Rank(number, of, _whole(environment, told[2]) if told and told[2] in environment else 0)
    if told is None:
        return Rank()
    absent = [name for name in told[:2] if name not in environment]
    if absent:
        raise UserError(f"{told[0]} is set, but {absent[0]} is not", hint="start with torchrun or srun, or give --rank and --ranks")
    return Rank(*(_whole(environment, name) if name in environment else 0 for name in told))


def device_of(name: str, rank: Rank) -> str:
    """Where a rank measures: with "cuda" and several ranks, each on the device of its own number on its machine.

    Returns what the record names: "cuda" for whichever device, so that all ranks of a measurement name the same.

    Raises:
        UserError: there are fewer devices than ranks on this machine, or several ranks were sent to a single device.
    """
    import torch  # noqa: PLC0415 - the ranks themselves are told without it

    if rank.of == 1 or not name.startswith("cuda"):
        return name
    if name != "cuda":
        raise UserError(f"{rank.of} ranks cannot share {name}", hint="--device cuda gives each its own")
    devices = torch.cuda.device_count()
    if rank.local >= devices:
        raise UserError(f"rank {rank.local} of this machine has no device, there are {devices}", hint="one rank a device")
    torch.cuda.set_device(rank.local)
    return name


def _whole(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UserError(f"{name} is {text!r}, not a whole number")
    return int(text)
