"""Pictures of records for a paper, by matplotlib."""
