"""What printed digits say about each other, without any network."""
