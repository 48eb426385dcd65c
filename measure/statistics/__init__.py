"""The statistics of a claim: pure functions of arrays, one idea a module."""
