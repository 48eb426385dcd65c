"""Mazes: grids of walls, open cells, a start and a goal, whose answer marks a shortest path."""
