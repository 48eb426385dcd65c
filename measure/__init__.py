"""The measurement core: checkpoint + puzzles -> record. Knows nothing of any paper."""
