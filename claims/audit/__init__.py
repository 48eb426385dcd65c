"""One run over all claims and populations: re-measured rows, planted falsehoods, acknowledged findings."""
