"""The statistics that a claim may name."""
