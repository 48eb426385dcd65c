"""`unsettled policies` and `unsettled solve` as a user runs them: what they print, how they exit, and mistakes in one line."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from unsettled.fixtures.synthetic.networks import tiny_checkpoint
from unsettled.measure.commands.app import build
from unsettled.measure.errors import UserError
from unsettled.measure.tasks.read import read_puzzles, write_parquet
from unsettled.measure.tasks.sudoku.boards import Box
from unsettled.measure.tasks.sudoku.solving import generate
from unsettled.measure.tasks.sudoku.typed import drawn, read_boards

BOX = Box(2, 2)
PUZZLES = generate(BOX, 5, seed=8)
HRM = Path(__file__).parents[3] / "fixtures" / "reference" / "hrm-6x6"


def cells(tokens):
    return "".join("." if t < 2 else str(t - 1) for t in tokens)


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    folder = tmp_path_factory.mktemp("policies")
    tiny_checkpoint(folder / "net", "trm_mlp")
    write_parquet(PUZZLES, folder / "puzzles.parquet")
    return folder


def run(*arguments):
    """Output and exit code; a user's mistake is raised as it is."""
    found = CliRunner().invoke(build(), [str(a) for a in arguments])
    if isinstance(found.exception, UserError):
        raise found.exception
    return found.output, found.exit_code


def test_policies_are_compared_resumes_and_draws_its_figure(net):
    out, figure = net / "restarts.parquet", net / "policies.png"
    common = ("policies", net / "net", net / "puzzles.parquet", "--out", out, "--draws", 4, "--segments", 2, "--depth", 4)
    told, code = run(*common, "--starts", "symmetry", "--figure", figure)
    assert code == 0
    for words in (
        "5 of 5 puzzles",
        "symmetry: 4 draws per puzzle",
        "oracle (with labels)",
        "equal compute: 2 × 2 segments",
        "conflicts, checked",
    ):
        assert words in told, words
    assert "restarts − pruning, selected by halting (highest halting logit after the last segment): " in told
    assert figure.read_bytes().startswith(b"\x89PNG") and out.is_file()
    before = out.read_bytes()
    again, _ = run(*common, "--starts", "symmetry")
    assert out.read_bytes() == before and again.splitlines()[-3:-1] == told.splitlines()[-4:-2]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--starts", "luck"), "--starts: no restarts are called 'luck'"),
        (("--draws", 1), "--draws: Input should be greater than or equal to 2"),
        (("--minutes", 0), "--minutes is 0.0, it must be above 0"),
        (("--figure", "a.gif"), "a.gif: a figure is a .png or .svg file"),
        (("--segments", 1), "--segments is 1 (policies are compared after several segments"),
        (("--draws", 100, "--segments", 9000), "2,700,128 boards a puzzle (draws × segments of all kinds of starts), a table numbers 65"),
    ],
)
def test_mistakes_of_policies_are_one_line(net, options, told):
    with pytest.raises(UserError) as error:
        run("policies", net / "net", net / "puzzles.parquet", "--out", net / "other.parquet", *options)
    assert told in str(error.value) and "\n" not in str(error.value)
    assert not (net / "other.parquet").exists(), "it is said before anything is drawn"


def test_solve_answers_with_a_checked_board_or_says_that_it_is_none(net):
    clues = read_puzzles(HRM / "puzzles.parquet", limit=2)
    told, code = run("solve", cells(clues.inputs[1]), "--checkpoint", HRM, "--restarts", 4, "--segments", 12)
    assert code == 0 and "consistent with its clues: yes" in told
    board = "\n".join(drawn(clues.labels[1], clues.box))
    assert max(map(len, told.splitlines())) <= 80
    assert board in told and told.count("segment ") == 12 and "288 network evaluations" in told  # 4 draws × 12 × 6
    told, code = run("solve", cells(PUZZLES.inputs[0]), "--checkpoint", net / "net", "--restarts", 2, "--segments", 2)
    assert code == 1 and "consistent with its clues: no" in told  # the net is untrained
    early, code = run("solve", cells(clues.inputs[1]), "--checkpoint", HRM, "--select", "consistent")
    assert code == 0 and early.count("segment ") < 16


def test_one_bad_answer_in_a_file_of_puzzles_is_enough_to_fail(net):
    file = net / "mine.txt"
    file.write_text("\n".join(cells(row) for row in PUZZLES.inputs[:2]) + "\n")
    told, code = run("solve", file, "--checkpoint", net / "net", "--restarts", 2, "--segments", 1)
    assert code == 1 and "puzzle 2 of 2" in told


def test_every_way_of_writing_a_puzzle_reads_the_same(tmp_path):
    tokens = PUZZLES.inputs[0]
    line = cells(tokens)
    grid = "\n".join(line[i : i + 4] for i in range(0, 16, 4))
    ruled = "\n".join(f"{row[:2]} | {row[2:]}" + ("\n---+---" if i == 1 else "") for i, row in enumerate(grid.splitlines()))
    for text in (line, line.replace(".", "0"), grid, ruled, f"{grid}\n\n"):
        (found,) = read_boards(text, BOX)
        np.testing.assert_array_equal(found, tokens)
    file = tmp_path / "p.txt"
    file.write_text(f"{grid}\n\n{ruled}\n\n{line}\n", encoding="utf-8")
    assert [f.tolist() for f in read_boards(str(file), BOX)] == [tokens.tolist()] * 3
    write_parquet(PUZZLES, tmp_path / "p.parquet")
    np.testing.assert_array_equal(read_boards(str(tmp_path / "p.parquet"), BOX), PUZZLES.inputs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the puzzle is empty"),
        ("1234", "the puzzle has 4 cells (2×2) (this checkpoint reads 4×4 boards, 16 cells)"),
        ("1" + "." * 14, "the puzzle has 15 cells"),
        ("." * 81, "the puzzle has 81 cells (9×9)"),
        ("5" + "." * 15, "'5' is no digit of a 4×4 board"),
        ("11" + "." * 14, "the clues contradict each other: 1 stands twice in row 1"),
        ("2...2" + "." * 11, "2 stands twice in column 1"),
        ("3....3" + "." * 10, "3 stands twice in box 1"),
        ("no/such.txt", "'/' is no digit, and no file has that name"),
        ("nowhere.txt!", "'w' is no digit, and no file has that name"),
        ("[bold]\x1b[31m", "'[' is no digit"),
        ("x" * 5000, "is no digit"),
    ],
)
def test_puzzles_that_are_none_are_refused_in_one_line(text, told):
    with pytest.raises(UserError) as error:
        read_boards(text, BOX)
    assert "\n" not in str(error.value) and "\x1b" not in str(error.value)
    assert told in str(error.value)


def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path):
    file = tmp_path / "p.txt"
    file.write_text(f"{'.' * 16}\n\n{'.' * 15}\n")
    with pytest.raises(UserError, match=r"p\.txt:3: the puzzle has 15 cells"):
        read_boards(str(file), BOX)
    for content, told in ((b"\xff\xfe", "holds no puzzle"), (b"\xff\xfe\x00", "is not readable text"), (b"\x80", "is not readable text")):
        file.write_bytes(content)  # UTF-16 without a text, UTF-16 that is cut, and no text at all
        with pytest.raises(UserError, match=told):
            read_boards(str(file), BOX)
    file.write_text("---\n")
    with pytest.raises(UserError, match="holds no puzzle"):
        read_boards(str(file), BOX)


def test_an_unknown_rule_or_start_is_refused(net):
    for option in (("--select", "luck"), ("--starts", "luck"), ("--restarts", 0)):
        with pytest.raises(UserError):
            run("solve", cells(PUZZLES.inputs[0]), "--checkpoint", net / "net", *option)
