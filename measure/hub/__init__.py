"""Published checkpoints and puzzles, downloaded by name and checked by digest."""
