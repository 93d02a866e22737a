"""What leaves this machine names nobody."""

from __future__ import annotations

import pytest

from advisor.text import private


@pytest.fixture
def anna(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setenv("USER", "anna")
    monkeypatch.setenv("LOGNAME", "anna")


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/anna/env/bin/python", "~/env/bin/python"),
        ("/scratch/anna/env/bin/python", "/scratch/$USER/env/bin/python"),
        ("/data/home/anna/x.py:3: oh", "/data/home/$USER/x.py:3: oh"),
        ("at '/lustre/anna'", "at '/lustre/$USER'"),
        ("/opt/annabel/lib", "/opt/annabel/lib"),
        ("/opt/susanna/lib", "/opt/susanna/lib"),
        ("anna wrote this", "anna wrote this"),
    ],
)
def test_the_users_name_in_a_path_is_not_shown(path: str, shown: str) -> None:
    assert private(path) == shown


def test_the_name_of_a_home_elsewhere_is_the_users_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/export/anna")
    assert private("/export/anna/a and /scratch/anna/b") == "~/a and /scratch/<user>/b"


@pytest.mark.parametrize("user", ["root", "work", "x"])
def test_names_that_are_nobodys_are_kept(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    monkeypatch.setenv("USER", user)
    monkeypatch.setenv("LOGNAME", user)
    assert private(f"/srv/{user}/env") == f"/srv/{user}/env"
