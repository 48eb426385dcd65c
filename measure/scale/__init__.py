"""Many processes and machines: a plan of shards, the ranks that measure them, one record merged."""
