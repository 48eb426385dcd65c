"""The house rules that no reader should have to check: one-way imports, torch only where it is needed, sizes, names, front doors."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path

import hypothesis
import pytest
import typer

from unsettled.fixtures.synthetic.fresh import fresh
from unsettled.measure.commands.app import PANELS, build

ROOT = Path(__file__).parents[2]
PACKAGES = ("measure", "claims", "fixtures", "reports")
# Storey → storeys that its code must never import. Fixtures exercise all of them, and nobody imports fixtures.
FORBIDDEN = {
    "measure": {"claims", "reports", "fixtures"},
    "claims": {"reports", "fixtures"},
    "reports": {"fixtures"},
    "fixtures": {"reports"},
}
# Wings of measure in their order: a wing imports only from those before it.
ORDER = (
    *("errors", "support", "columns", "statistics", "lyapunov", "tasks", "networks", "hub"),
    *("record", "rollout", "analysis", "campaign", "scale", "policies", "commands"),
)
# Wings and packages that load no torch, and within them what may.
WITHOUT_TORCH = (
    "measure/support",
    "measure/columns",
    "measure/statistics",
    "measure/record",
    "measure/analysis",
    "measure/tasks",
    "claims",
    "reports",
)
RE_MEASURING = {f"claims/audit/{name}.py" for name in ("again", "boards", "loading", "remeasure", "whole")}
# What writes a file under its own name, so that a kill leaves half of it and a planted link is followed.
IN_PLACE = {"write_text", "write_bytes", "to_csv", "to_parquet", "savetxt", "tofile", "copyfile", "copy2", "copytree", "save_file"}
# What writes to what it is given, at that position: an open file, which this house calls ``file``, or a buffer, ``out``; never a path.
INTO = {"savefig": 0, "savez": 0, "write_table": 1, "ParquetWriter": 0, "torch.save": 1, "np.save": 0, "json.dump": 1}
OPEN_FILES = {"file", "self._file", "out"}
# The one way, and what writes only into temporary folders of its own.
MAY_WRITE = ("measure/support/files.py", "fixtures/synthetic/", "fixtures/faults/")
# What POSIX systems alone have. Who uses it says so in a comment, or asks whether it is there; `measure/tests/support/test_elsewhere.py`
# takes it all away.
POSIX_MODULES = {"fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios", "tty"}
POSIX_NAMES = {
    *(
        "os." + name
        for name in ("fork", "forkpty", "getuid", "geteuid", "getgid", "getpgid", "killpg", "mkfifo", "nice", "openpty", "pread")
    ),
    *("os." + name for name in ("sched_getaffinity", "setsid", "setpgid", "statvfs", "sysconf", "uname", "wait", "WNOHANG", "waitstatus")),
    *("signal." + name for name in ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGPROF", "SIGQUIT", "SIGUSR1", "SIGXCPU")),
    *("signal." + name for name in ("alarm", "getitimer", "setitimer", "pthread_sigmask", "sigwait")),
}
FRONT_DOORS = ("unsettled.measure", "unsettled.claims", "unsettled.reports")
LONGEST, SILENCED = 350, 20


@cache
def modules(package: str) -> tuple[Path, ...]:
    return tuple(path for path in sorted((ROOT / package).rglob("*.py")) if "tests" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a module, walked once for all the rules."""
    return tuple(ast.walk(tree(path)))


def named(path: Path) -> str:
    """The import name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("unsettled", *(parts[:-1] if parts[-1] == "__init__" else parts)))


def imported(path: Path, among: Iterator[ast.AST] | None = None) -> Iterator[tuple[str, int]]:
    """Imported names with their lines; of ``from a import b`` both ``a`` and ``a.b``."""
    for node in among or nodes(path):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def at_import(path: Path) -> Iterator[ast.AST]:
    """What runs when a module is imported: not within functions, nor for type checkers alone."""
    waiting: list[ast.AST] = list(tree(path).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def place(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("package", PACKAGES)
def test_storeys_import_one_way(package):
    wrong = [
        f"{place(path)}:{line} imports {name}"
        for path in modules(package)
        for name, line in imported(path)
        if name.startswith("unsettled.") and name.split(".")[1] in FORBIDDEN[package]
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("package", PACKAGES)
def test_storeys_name_no_other_in_a_string(package):
    """A lazy import by name is an import that hides; not even a docstring of a lower storey knows a higher one."""
    wrong = [
        f"{place(path)}:{node.lineno} names unsettled.{other}"
        for path in modules(package)
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for other in sorted(FORBIDDEN[package])
        if f"unsettled.{other}" in node.value
    ]
    assert not wrong, wrong


def test_every_entry_point_is_in_a_panel_and_names_a_module_here():
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["unsettled.commands"]
    root = build(EntryPoint(name, value, "unsettled.commands") for name, value in points.items())
    names = {name for name, command in typer.main.get_command(root).commands.items() if not command.hidden}
    assert names == {name for panel in PANELS.values() for name in panel}


def test_every_wing_of_measure_has_its_place():
    wings = {path.parent.name for path in (ROOT / "measure").glob("*/__init__.py") if path.parent.name != "tests"}
    assert wings == set(ORDER) - {"errors"}


def test_wings_of_measure_import_one_way():
    """But for the front door and ``python -m``, which open every wing."""
    wrong = [
        f"{place(path)}:{line} imports {name}"
        for path in modules("measure")
        for name, line in imported(path)
        if path.parent.name in ORDER or path.parent.parent.name in ORDER
        if name.startswith("unsettled.measure.") and ORDER.index(name.split(".")[2]) > ORDER.index(named(path).split(".")[2])
    ]
    assert not wrong, wrong


def writing_in_place(path: Path) -> Iterator[str]:
    """Calls of a module that write a file which is not whole until they end."""
    for node in nodes(path):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        last = called.rpartition(".")[2]
        modes = [ast.unparse(argument) for argument in [*node.args, *(keyword.value for keyword in node.keywords)]]
        if last in IN_PLACE or (last in ("open", "fdopen") and any(mode[1:2] in "wx" and len(mode) <= 5 for mode in modes)):
            yield f"{place(path)}:{node.lineno} {called}"
        for name, position in INTO.items():
            if name in (called, last) and any(ast.unparse(target) not in OPEN_FILES for target in node.args[position : position + 1]):
                yield f"{place(path)}:{node.lineno} {called}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_property_has_a_limit_of_time(package):
    """On a busy machine an example takes a hundred times as long: the first of a run failed so."""
    assert "without_deadline()\n" in (ROOT / package / "tests" / "conftest.py").read_text()
    assert hypothesis.settings().deadline is None and hypothesis.HealthCheck.too_slow in hypothesis.settings().suppress_health_check


@pytest.mark.parametrize("package", PACKAGES)
def test_files_are_written_whole(package):
    """Every writer goes through `unsettled.measure.support.files`."""
    wrong = [call for path in modules(package) if not place(path).startswith(MAY_WRITE) for call in writing_in_place(path)]
    assert not wrong, wrong


def test_a_writer_in_place_is_seen(tmp_path, monkeypatch):
    path = tmp_path / "careless.py"
    path.write_text(
        "path.write_text('a')\nopen(path, 'wb')\npath.open('x')\nfigure.savefig(path)\npq.write_table(table, path)\n"
        "path.open('rb')\nwith whole_file(path) as file:\n    figure.savefig(file)\n    pq.write_table(table, file)\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert [call.split()[0] for call in writing_in_place(path)] == [f"careless.py:{line}" for line in range(1, 6)]


@pytest.mark.parametrize("package", [package for package in PACKAGES if package != "fixtures"])
def test_what_posix_alone_has_is_asked_for(package):
    """macOS and Windows: no call without what to do where it is missing."""
    wrong = []
    for path in modules(package):
        lines = path.read_text(encoding="utf-8").splitlines()
        for function in [node for node in nodes(path) if isinstance(node, ast.FunctionDef)] or [tree(path)]:
            text = (
                "\n".join(lines[function.lineno - 1 : function.end_lineno]) if isinstance(function, ast.FunctionDef) else "\n".join(lines)
            )
            names = {ast.unparse(node) for node in ast.walk(function) if isinstance(node, ast.Attribute)} & POSIX_NAMES
            if names and not ("hasattr(" in text or "except OSError" in text):
                wrong.append(f"{place(path)}: {sorted(names)}")
        wrong += [
            f"{place(path)}:{line} {name}"
            for name, line in imported(path)
            if name.split(".")[0] in POSIX_MODULES and "POSIX alone has it" not in lines[line - 1]
        ]
    assert not wrong, wrong


def needed(path: Path) -> set[str]:
    """What must be imported before a module; of ``from package import module`` the module, since the package comes first anyway."""
    found = {name for name, _ in imported(path, at_import(path))}
    return {name for name in found if not any(other.startswith(f"{name}.") for other in found)}


def test_no_modules_import_each_other_in_a_circle():
    """Of imports that run when a module is imported; a circle there breaks whoever imports the other one first."""
    known = {named(path): path for package in PACKAGES for path in modules(package)}
    needs = {name: sorted(needed(path) & known.keys() - {name}) for name, path in known.items()}
    done: set[str] = set()
    for start in needs:
        trail: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            name, depth = waiting.pop()
            del trail[depth:]
            assert name not in trail, " → ".join([*trail[trail.index(name) :], name])
            trail.append(name)
            if name not in done:
                waiting += [(other, depth + 1) for other in needs[name]]
                if not needs[name]:
                    done.add(name)
        done.update(trail)


def test_what_needs_no_torch_loads_none():
    names = [
        named(path)
        for package in {wing.split("/")[0] for wing in WITHOUT_TORCH}
        for path in modules(package)
        if place(path).startswith(tuple(f"{wing}/" for wing in WITHOUT_TORCH))
        and place(path) not in RE_MEASURING
        and not path.name.startswith("test_")
    ]
    assert len(names) > 100
    code = (
        "import importlib, sys\n"
        f"for name in {[*FRONT_DOORS, *names]!r}:\n"
        "    importlib.import_module(name)\n"
        "    if 'torch' in sys.modules: sys.exit(f'{name} loads torch')\n"
    )
    done = fresh(code, folder=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


def test_an_audit_needs_no_test_tools():
    """pytest reads the conftest files of `claims/` and below before an audit of a clone, which installs no extra."""
    tools = ("hypothesis", "xdist", "playwright", "statsmodels", "mpmath", "nolds", "dysts")
    code = (
        "import runpy, sys\n"
        f"assert not {set(tools)!r} & sys.modules.keys()\n"
        f"sys.modules.update(dict.fromkeys({tools!r}))\n"
        "for path in ('conftest.py', 'claims/tests/conftest.py'): runpy.run_path(path)\n"
    )
    done = fresh(code, folder=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is_for_and_holds_one_idea(package):
    for path in modules(package):
        first = (ast.get_docstring(tree(path)) or "").split("\n")[0]
        assert len(first) > 10, f"{place(path)} does not say what it is for"
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= LONGEST, f"{place(path)} has {lines} lines"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_type_has_its_name_twice_in_a_package(package):
    homes = defaultdict(list)
    for path in modules(package):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(place(path))
    assert not {name: found for name, found in homes.items() if len(found) > 1}


def test_the_front_door_opens_to_its_public_names_and_its_example_runs():
    """In a process that has imported nothing else; those of measure and claims have tests of their own."""
    code = (
        "import doctest, unsettled.reports as door\n"
        "missing = [name for name in door.__all__ if not hasattr(door, name) or name not in door.__doc__]\n"
        "assert door.__all__ and not missing, missing\n"
        "found = doctest.testmod(door)\n"
        "assert found.attempted and not found.failed"
    )
    done = fresh(code, folder=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr[-1000:]


def test_little_is_silenced():
    """Comments that silence a checker, in the whole tree without tests; each says which rule."""
    found = []
    for package in PACKAGES:
        for path in modules(package):
            text = path.read_text(encoding="utf-8")
            if "type: ignore" not in text and "noqa" not in text:
                continue
            for token in tokenize.generate_tokens(io.StringIO(text).readline):
                if token.type == tokenize.COMMENT and ("type: ignore" in token.string or "noqa" in token.string):
                    found.append(f"{place(path)}:{token.start[0]} {token.string}")
    assert all("ignore[" in line or "noqa: " in line for line in found), found
    assert len(found) < SILENCED, found


def test_the_readme_test_command_is_what_continuous_integration_runs():
    readme = (ROOT / "README.md").read_text()
    between = readme.split("<!-- test command -->")[1].split("<!-- end -->")[0]
    assert between.count("```") == 2 and ".venv/bin/pytest" in between and "-c constraints.txt" in between
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text()


def test_constraints_pin_every_dependency_once():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    names = [line.split("==")[0].lower().replace("_", "-") for line in lines]
    assert len(set(names)) == len(names) and all(line.count("==") == 1 for line in lines)
    for name in ("torch", "numpy", "scipy", "pyarrow", "pydantic", "pytest", "typer", "safetensors", "hypothesis"):
        assert name in names
