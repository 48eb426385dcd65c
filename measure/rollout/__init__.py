"""One batch: the rollout with its measurements, other starts, and how its exponents converge."""
