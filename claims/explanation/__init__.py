"""One verdict in full: its definition, interval, power, and what would change it."""
