"""From a claim and a record to a verdict."""
