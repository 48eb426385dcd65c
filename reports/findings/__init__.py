"""What the shipped checkpoints say of the paper, as a page of tables."""
