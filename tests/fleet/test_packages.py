"""A runtime environment is pinned, holds a framework, and asks pip for nothing else."""

from __future__ import annotations

import pytest

from advisor.errors import UserError
from advisor.fleet.packages import packages_of


def written(tmp_path, text):
    path = tmp_path / "requirements.txt"
    path.write_text(text, "utf-8")
    return path


def test_the_lines_of_a_pinned_file_are_what_pip_gets(tmp_path):
    text = """
    # made by pip freeze
    torch==2.13.0+cpu   # the CPU build
    jax[cuda13] == 0.10.2
    optax==0.2.6 ; python_version >= "3.11"
    --extra-index-url https://example.org/simple
    numpy==2.3.5 --hash=sha256:HASH
    """.replace("HASH", "a" * 64)
    assert packages_of(written(tmp_path, text)) == (
        "torch==2.13.0+cpu",
        "jax[cuda13] == 0.10.2",
        'optax==0.2.6 ; python_version >= "3.11"',
        "--extra-index-url https://example.org/simple",
        "numpy==2.3.5 --hash=sha256:" + "a" * 64,
    )


def test_a_framework_is_known_however_it_is_written(tmp_path):
    assert packages_of(written(tmp_path, "Torch==2.13.0\n")) == ("Torch==2.13.0",)


@pytest.mark.parametrize(
    "line",
    ["jax>=0.4", "jax", "-e .", "-r more.txt", "git+https://example.org/jax", "jax==0.*",
     "--index-url https://user:secret@example.org/simple", "--pre",
     "--index-url http://example.org/simple", "jax @ file:///jax.whl"],
)  # fmt: skip
def test_what_is_not_pinned_is_refused(tmp_path, line):
    with pytest.raises(UserError, match="not pinned") as caught:
        packages_of(written(tmp_path, f"torch==2.13.0\n{line}\n"))
    assert "NAME==VERSION" in caught.value.hint


def test_a_file_without_frameworks_or_none_at_all_is_an_error(tmp_path):
    with pytest.raises(UserError, match="neither torch nor jax"):
        packages_of(written(tmp_path, "numpy==2.4.0\ntorchvision==0.20.0\n"))
    with pytest.raises(UserError, match="cannot be read"):
        packages_of(tmp_path / "none.txt")
