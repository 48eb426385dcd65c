"""What decides the rows of a measurement and stands in no provenance: how the network is built, its code, groups and ratings."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from unsettled.measure.networks.adapter import Adapted
from unsettled.measure.record.provenance import version_of_program
from unsettled.measure.rollout.fitting import Measurable
from unsettled.measure.tasks.examples import Examples


def fingerprint_of(network: Measurable, examples: Examples, **more: int) -> str:
    """SHA-256 of the version of this program, of the network's structure or its builder's other files, and of what examples carry along.

    Two measurements of one provenance and one fingerprint give the same rows. ``more`` are settings that the provenance leaves out.
    """
    built = network.neighbours if isinstance(network, Adapted) else network.model.config.model_dump(mode="json")
    told = hashlib.sha256(json.dumps([version_of_program(), built, more], sort_keys=True).encode())
    for array in (examples.ids.astype("<i8"), examples.groups.astype("<i8"), examples.rating.astype("<f8")):
        told.update(np.ascontiguousarray(array).tobytes())
    return told.hexdigest()
