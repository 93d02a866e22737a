"""The house rules that keep measuring trustworthy: who may import whom, and who does nothing.

Checked on the source of every file, and once more on what really gets loaded.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STANDARD = sys.stdlib_module_names
FRAMEWORKS = {"torch", "jax", "jaxlib", "optax", "flax", "torchvision"}
# What a bare node has besides the standard library, when measuring is packed for it.
BARE = {"numpy", "psutil", "cpuinfo"}
BARE_ADVISOR = (
    "advisor.accuracy",
    "advisor.bounds",
    "advisor.devices",
    "advisor.errors",
    "advisor.evidence",
    "advisor.files",
    "advisor.jsonio",
    "advisor.owned",
    "advisor.pair",
    "advisor.ratio",
    "advisor.reason",
    "advisor.render.evidence_words",
    "advisor.render.wording",
    "advisor.resources",
    "advisor.scaling",
    "advisor.text",
)
# The rooms that travel to a bare node, and what each may know of the others.
BARE_ROOMS = {
    "workers": (),
    "machine": ("workers",),
    "measure": ("workers", "machine"),
    "node": ("workers", "machine", "measure"),
}
IMPURE = {
    "time",
    "random",
    "subprocess",
    "socket",
    "threading",
    "multiprocessing",
    "secrets",
    "tempfile",
    "shutil",
    "pathlib",
    "uuid",
    "getpass",
    "platform",
    "psutil",
    "os",
    "sys",
}
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "compile", "__import__"}


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, folders
    return found


def files_of(name: str) -> list[Path]:
    """The files of the module, or package, *name*."""
    place = ROOT / name.replace(".", "/")
    return sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path, *, typing_too: bool = False) -> Iterator[tuple[str, int]]:
    """Full names of what *path* imports, with lines; not what only a type checker reads."""
    tree = ast.parse(path.read_text("utf-8"))
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            hidden.update(id(inner) for statement in node.body for inner in ast.walk(statement))
    for node in ast.walk(tree):
        if id(node) in hidden and not typing_too:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path)}:{node.lineno}: relative import"
            assert node.module is not None
            # `from advisor.measure import gates` imports the module advisor.measure.gates.
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            named = [arg for arg in node.args[:1] if isinstance(arg, ast.Constant)]
            yield from ((str(arg.value), node.lineno) for arg in named)


def top(name: str) -> str:
    return name.split(".", 1)[0]


def within(name: str, modules: tuple[str, ...]) -> bool:
    """Whether *name* is one of *modules* or lies in one."""
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def offences(paths: list[Path], allowed, *, typing_too: bool = False) -> list[str]:
    return [
        f"{shown(path)}:{line} imports {name}"
        for path in paths
        for name, line in imports(path, typing_too=typing_too)
        if not allowed(name)
    ]


def test_the_advisor_knows_no_framework_and_no_probes():
    """Not even for types: a framework in the driver would be measured along with the work."""
    banned = {*FRAMEWORKS, "probes"}
    paths = sources("advisor")
    assert offences(paths, lambda name: top(name) not in banned, typing_too=True) == []


@pytest.mark.parametrize("package", ["advisor.cli", "advisor.measure.campaign", "advisor.evidence"])
def test_importing_the_advisor_loads_no_framework_and_no_probes(package):
    code = (
        f"import sys, importlib; module = importlib.import_module({package!r});"
        "getattr(module, '_register', lambda: None)();"
        "print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {*FRAMEWORKS, "probes", "optax"} & set(out)


@pytest.mark.parametrize("folder", ["advisor/decide", "advisor/render"])
def test_deciding_and_rendering_are_pure(folder):
    """No clock, no chance, no process, no file: same inputs, same bytes."""
    assert offences(sources(folder), lambda name: top(name) not in IMPURE) == []
    calls = [
        f"{shown(path)}:{node.lineno} calls {ast.unparse(node.func)}"
        for path in sources(folder)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS)
            or ast.unparse(node.func).endswith((".now", ".today", ".utcnow", ".read_text"))
            or ast.unparse(node.func).startswith(("np.random.seed", "numpy.random.seed"))
            or ast.unparse(node) == "np.random.default_rng()"
        )
    ]
    assert calls == []


@pytest.mark.parametrize("folder", ["advisor/decide", "advisor/render"])
def test_deciding_and_rendering_know_neither_measuring_nor_the_command_line(folder):
    above = ("advisor.cli", "advisor.interview", "advisor.measure", "advisor.machine")
    assert offences(sources(folder), lambda name: not name.startswith(above)) == []


@pytest.mark.parametrize("room", BARE_ROOMS)
def test_what_travels_to_a_bare_node_needs_nothing_above_it(room):
    rooms = tuple(f"advisor.{name}" for name in (room, *BARE_ROOMS[room]))
    own = (*rooms, *BARE_ADVISOR, "advisor.__version__")

    def allowed(name: str) -> bool:
        return top(name) in STANDARD or top(name) in BARE or within(name, own)

    # nvidia-ml-py is asked where it is there, and never needed.
    found = offences(sources(f"advisor/{room}"), lambda n: allowed(n) or top(n) == "pynvml")
    assert found == []


def test_one_module_knows_ray_and_loads_it_only_when_a_cluster_is_asked_for():
    paths = sources("advisor", "probes")
    knowing = {
        shown(p) for p in paths if any(top(n) == "ray" for n, _ in imports(p, typing_too=True))
    }
    assert knowing == {"advisor/fleet/ray_engine.py"}
    engine = ROOT / "advisor/fleet/ray_engine.py"
    inside = [
        node
        for function in ast.walk(ast.parse(engine.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "ray" in ast.unparse(node).split()
    ]
    assert len(inside) == 1


@pytest.mark.parametrize("name", ["on_node", "keeper", "survey"])
def test_what_a_fleet_runs_on_nodes_keeps_to_what_they_have(name):
    """One travels by value, the others as text: what they import is there, or in the archive."""
    path = ROOT / f"advisor/fleet/{name}.py"
    archived = {"keeper": ("advisor.workers",), "on_node": ()}
    survey = ("advisor.machine", "advisor.measure", "advisor.text", "advisor.errors")
    own = archived.get(name, survey)
    assert offences([path], lambda n: top(n) in STANDARD or within(n, own)) == []
    ast.parse(path.read_text("utf-8"), filename=shown(path), feature_version=(3, 10))


PARTS = {"Reason", "Notice", "Gate", "gate", "WorkerError", "ReplyError", "Progress", "tick"}


@pytest.mark.parametrize("room", ["measure", "workers"])
def test_measuring_says_ids_and_values_and_no_sentence(room):
    """What a reader sees is worded in one place: a translator has to find it there."""
    found = [
        f"{shown(path)}:{inner.lineno}: {ast.unparse(inner)}"
        for path in sources(f"advisor/{room}")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].strip("_") in PARTS
        for inner in ast.walk(node)
        if isinstance(inner, ast.JoinedStr)
        or (isinstance(inner, ast.Constant) and isinstance(inner.value, str) and " " in inner.value)
    ]
    assert found == []


def test_what_a_bare_node_shares_with_the_rest_needs_nothing_itself():
    shared = [path for name in BARE_ADVISOR for path in files_of(name)]
    own = (*BARE_ADVISOR, "advisor.__version__")
    allowed = lambda name: top(name) in STANDARD or within(name, own)  # noqa: E731
    packages = [ROOT / "advisor/__init__.py", ROOT / "advisor/render/__init__.py"]
    # Absent before Python 3.11, and read only where the words are not packed.
    found = offences([*packages, *shared], lambda name: allowed(name) or name == "tomllib")
    assert found == []


TRANSLATION = "translated.py"
"""A module of PyTorch's in JAX needs both: the one file of a worker that may."""


def test_probes_need_the_standard_library_numpy_and_one_framework():
    allowed = {*STANDARD, "numpy", "probes"}
    for path in sources("probes"):
        found = {top(name) for name, _ in imports(path)} - allowed
        if path.parent.name == "behaviour":
            # Both stand side by side there: each in a function of its own, as the next test asks.
            assert found <= FRAMEWORKS, f"{shown(path)} imports {sorted(found)}"
            continue
        if path.name == TRANSLATION:
            assert found <= {"torch", "torchax", "optax"}, f"{shown(path)} imports {sorted(found)}"
            continue
        torch, jax = {"torch"}, {"jax", "jaxlib", "optax"}
        assert found <= torch or found <= jax, f"{shown(path)} imports {sorted(found)}"
        if found & torch:
            assert "torch" in path.name, shown(path)
        if found & jax:
            assert "jax" in path.name, shown(path)


def test_no_framework_is_loaded_before_the_worker_has_fixed_its_environment():
    for path in sources("probes"):
        tree = ast.parse(path.read_text("utf-8"))
        early = {
            top(name)
            for node in tree.body
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in (
                [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            )
            if name
        }
        assert not early & FRAMEWORKS, f"{shown(path)} imports {early & FRAMEWORKS} at its top"


def test_a_framework_is_never_imported_beside_the_other():
    for path in sources("probes"):
        loaded = {name for name, _ in imports(path)}
        if path.parent.name == "behaviour":
            assert not _functions_with_both(path), shown(path)
            continue
        if path.name == TRANSLATION:
            continue
        both = [any("torch" in n for n in loaded), any("jax" in n for n in loaded)]
        # These hand over to one or the other.
        handing = ("worker.py", "rank.py", "inspect.py", "devices.py", "user_workload.py")
        if path.name not in handing:
            assert not all(both), f"{shown(path)} knows both frameworks"


def _functions_with_both(path: Path) -> list[str]:
    """Functions of *path* in which both frameworks are imported, and imports outside of any."""
    wrong = []
    for node in ast.parse(path.read_text("utf-8")).body:
        loaded = {
            top(name)
            for inner in ast.walk(node)
            if isinstance(inner, (ast.Import, ast.ImportFrom))
            for name in (
                [a.name for a in inner.names] if isinstance(inner, ast.Import) else [inner.module]
            )
        }
        alone = isinstance(node, ast.FunctionDef) and len(loaded & FRAMEWORKS) < 2
        if loaded & FRAMEWORKS and not alone:
            wrong.append(ast.unparse(node)[:60])
    return wrong


@pytest.mark.parametrize("folder", ["probes", *(f"advisor/{room}" for room in BARE_ROOMS)])
def test_the_syntax_floor_is_python_3_10(folder):
    for path in sources(folder):
        ast.parse(path.read_text("utf-8"), filename=shown(path), feature_version=(3, 10))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    targets = project["tool"]["ruff"]["per-file-target-version"]
    assert targets[f"{folder}/**"] == "py310"


def test_names_of_later_standard_libraries_stay_out_of_workers():
    """`ast` checks the grammar; these are the modules and names that 3.10 lacks."""
    later = {"tomllib", "datetime.UTC", "enum.StrEnum", "typing.Self", "typing.assert_never"}
    later |= {"itertools.batched", "typing.override", "contextlib.chdir", "hashlib.file_digest"}
    paths = sources("probes", *(f"advisor/{room}" for room in BARE_ROOMS))
    # The words come packed where there is no reader of TOML.
    shared = {name for name in BARE_ADVISOR if name != "advisor.resources"}
    paths += [path for name in sorted(shared) for path in files_of(name)]
    assert offences(paths, lambda name: name not in later) == []


def test_help_is_listed_without_the_heavy_libraries():
    """What --help loads is what every command waits for."""
    code = (
        "import sys; sys.argv = ['fw-advisor', '--help']; from advisor.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'numpy', 'pydantic', 'jinja2', 'rich.table', 'questionary', 'scipy'}\n"
        "heavy |= {'torch', 'jax', 'ray', 'ruamel', 'psutil', 'cpuinfo', 'vl_convert', 'probes'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    assert "Exit codes" in done.stdout
