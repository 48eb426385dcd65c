"""The ledger of a paper and the judge: record -> verdicts. Knows nothing of torch."""
