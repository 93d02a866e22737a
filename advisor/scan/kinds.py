"""Which files are read, as what; and which belong to tests, documentation or somebody else.

Knows names of files and directories only. It must not open any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal[
    "python", "notebook", "requirements", "project", "setup_cfg", "pipfile", "conda", "lock",
    "container", "shell", "yaml", "json", "native", "python_version",
]  # fmt: skip

_NAMES: Mapping[str, Kind] = {
    "pyproject.toml": "project",
    "pixi.toml": "project",
    "pipfile": "pipfile",
    "setup.cfg": "setup_cfg",
    "uv.lock": "lock",
    "poetry.lock": "lock",
    "pdm.lock": "lock",
    "pipfile.lock": "lock",
    "conda-lock.yml": "lock",
    "pixi.lock": "lock",
    ".python-version": "python_version",
    "runtime.txt": "python_version",
    "containerfile": "container",
}
_SUFFIXES: Mapping[str, Kind] = {
    ".py": "python",
    ".pyw": "python",
    ".ipynb": "notebook",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".sh": "shell",
    ".bash": "shell",
    ".sbatch": "shell",
    ".slurm": "shell",
    ".dockerfile": "container",
    ".cu": "native",
    ".cuh": "native",
    ".hip": "native",
    ".cpp": "native",
    ".cc": "native",
    ".cxx": "native",
    ".h": "native",
    ".hpp": "native",
}
_REQUIREMENTS = re.compile(r"(.*[-_.])?(requirements?|constraints)([-_.].*)?\.(txt|in|pip)")
_CONDA = re.compile(r"(.*[-_.])?(environment|conda[-_]?env|conda|env)([-_.].*)?\.ya?ml")
_CONTAINER = re.compile(r"(.*[-_.])?dockerfile([-_.].*)?")
_CONFIGURATION = re.compile(
    r".*(config|params|hparams|model|args|settings|accelerate|deepspeed|ds_).*\.json"
)
_CONFIGURATIONS = frozenset(
    {"config", "configs", "conf", "confs", "configuration", "configurations"}
)

_OTHERS = frozenset((
    "tests", "test", "testing", "docs", "doc", "documentation", "benchmarks", "benchmark",
    "bench", "perf", "fixtures", "testdata",
))  # fmt: skip
_TEST_FILE = re.compile(r"(test_.*|.*_test|.*_tests|conftest)\.py")

SKIPPED_DIRECTORIES: Mapping[str, str] = {
    **dict.fromkeys((".git", ".hg", ".svn", ".bzr", "CVS"), "version control"),
    **dict.fromkeys(
        ("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".cache",
         ".ipynb_checkpoints", ".tox", ".nox", ".eggs", "build", "dist", "_build", ".idea",
         ".vscode", "wandb", "mlruns", "lightning_logs"),
        "generated",
    ),
    **dict.fromkeys(
        ("node_modules", "site-packages", "dist-packages", ".venv", "venv", "third_party",
         "third-party", "thirdparty", "3rdparty", "3rd_party", "vendor", "vendors", "vendored",
         "_vendor", "extern", "external", "externals", "submodules", "bower_components"),
        "vendored",
    ),
}  # fmt: skip
"""The directories that are not entered, and as what they are counted."""


def kind_of(path: str) -> Kind | None:
    """As what the file at *path* (relative, with slashes) is read; none where it is not."""
    pure = PurePosixPath(path)
    name = pure.name.lower()
    kind = _NAMES.get(name) or _kind_by_pattern(pure, name)
    return kind or _kind_by_suffix(pure, name)


def _kind_by_pattern(pure: PurePosixPath, name: str) -> Kind | None:
    listed = name.endswith(".txt") and "requirements" in pure.parts[:-1]
    if listed or _REQUIREMENTS.fullmatch(name):
        return "requirements"
    if _CONTAINER.fullmatch(name):
        return "container"
    return "conda" if _CONDA.fullmatch(name) and not _under_ci(pure) else None


def _kind_by_suffix(pure: PurePosixPath, name: str) -> Kind | None:
    kind = _SUFFIXES.get(pure.suffix.lower())
    if kind == "json":
        return "json" if _is_configuration(pure, name) else None
    return None if kind == "yaml" and _under_ci(pure) else kind


def is_product(path: str) -> bool:
    """Whether the file at *path* is part of what runs, not a test, documentation or a benchmark."""
    pure = PurePosixPath(path)
    if any(part.lower() in _OTHERS for part in pure.parts[:-1]):
        return False
    return _TEST_FILE.fullmatch(pure.name.lower()) is None


def _under_ci(pure: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") for part in pure.parts)
    return hidden or pure.name in ("mkdocs.yml", "codecov.yml", "pre-commit-config.yaml")


def _is_configuration(pure: PurePosixPath, name: str) -> bool:
    if _CONFIGURATION.fullmatch(name):
        return True
    return any(part.lower() in _CONFIGURATIONS for part in pure.parts[:-1])
