"""Weight-compatible HRM and TRM."""
