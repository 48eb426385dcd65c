"""Puzzle files: reads the published layout, CSV and Parquet into a :class:`PuzzleSet`, validates them, and writes them."""

from __future__ import annotations

from measure.sudoku import Box, PuzzleSet

__all__ = ["Box", "PuzzleSet"]
