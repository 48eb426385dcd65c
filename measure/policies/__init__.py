"""What to do at test time: restarts, pruning, depth and selection, compared at equal compute."""
