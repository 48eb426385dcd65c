"""Mazes of others (the package maze-dataset): read as they come, right by the rule, and solved by our own search as by theirs."""

from __future__ import annotations

import csv

import pytest

from unsettled.measure.tasks.maze.grid import answers
from unsettled.measure.tasks.reading import read_examples

maze_dataset = pytest.importorskip("maze_dataset", reason="pip install 'unsettled[mazes]' (it needs the whole of Jupyter)")
LETTERS = str.maketrans({"E": "G", "X": "o"})


@pytest.mark.parametrize("kind", ["gen_dfs", "gen_wilson"])
def test_their_mazes_and_paths_are_ours(tmp_path, kind):
    config = maze_dataset.MazeDatasetConfig(
        name="test", grid_n=5, n_mazes=12, maze_ctor=getattr(maze_dataset.generation.LatticeMazeGenerators, kind), seed=3
    )
    theirs = maze_dataset.MazeDataset.from_config(config, load_local=False, save_local=False, do_download=False, verbose=False)
    solved = ["".join(maze.as_ascii().split("\n")).translate(LETTERS) for maze in theirs]
    with (tmp_path / "mazes.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("question", "answer"), *((text.replace("o", " "), text) for text in solved)])
    read = read_examples(tmp_path / "mazes.csv")
    mazes = read.examples
    assert mazes.task.name == "maze" and mazes.task.shape == (11, 11) and len(mazes) == 12
    assert mazes.task.valid(mazes.inputs, mazes.labels[:, None]).all() and mazes.solved(mazes.labels[:, None]).all()
    assert (answers(mazes.inputs.reshape(-1, 11, 11)).reshape(12, -1) == mazes.labels).all()
