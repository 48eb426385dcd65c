"""What a set of examples is: reading, writing, and the rules of each task."""
