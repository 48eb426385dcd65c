"""Growth along any batched map: the estimator, tangents, frames and sweeps."""
