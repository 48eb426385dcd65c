"""Numbers and hedges of a manuscript, held against the ledger."""
