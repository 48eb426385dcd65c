"""Sudoku: boards, rules and their search, symmetries, and disjoint sets of puzzles."""
