"""The benchmark suite: every bar of `measure/PERFORMANCE.md` as a ratio within one run, with its spread."""
