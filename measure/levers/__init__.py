"""Levers on failure: restarts, pruning, depth and selection, measured once as a table of draws and compared at equal compute."""
