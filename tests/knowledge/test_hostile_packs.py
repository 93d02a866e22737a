"""A hostile pack ends in a clear error: quickly, within little memory, and nothing is executed."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.knowledge.loader import load_rule_base

HEAD = "schema: fw-advisor/rules@1\nrules:\n"
PACKS: dict[str, tuple[str, str]] = {
    "wide condition": (
        HEAD + "  - {id: claim.a.b, when: {must_use: [" + ("p," * 100_000) + "]}}\n",
        "in one entry",
    ),
    "many alternatives": (
        HEAD + "  - {id: claim.a.b, when: {any_of: [" + "{task: image}," * 300 + "]}}\n",
        "more than 200 facts",
    ),
    "many values": (
        HEAD
        + "  - {id: claim.a.b, when: {must_use: ["
        + ",".join(f"p{i}" for i in range(300))
        + "]}}\n",
        "more than 200 values",
    ),
    "many keys": (
        HEAD + "  - {" + ",".join(f"k{i}: 1" for i in range(300_000)) + "}\n",
        "in one entry",
    ),
    "many entries": (HEAD + "  - {}\n" * 30_000, "20,000 entries"),
    "many bad rules": (
        HEAD + "".join(f"  - {{id: claim.a.b{i}, when: {{tsk: x}}}}\n" for i in range(9000)),
        "did you mean 'task'",
    ),
    "a very long key": (HEAD + "  - {? " + "k" * 3_000_000 + " : 1}\n", "is not known here"),
    "a very long value": (HEAD + "  - {kind: " + "v" * 3_000_000 + "}\n", "not a value of kind"),
    "a page of errors": (HEAD + "  - {when: {task: [" + "x," * 190 + "]}}\n", "task"),
    "bombs": (
        "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(500)),
        "anchors",
    ),
    "code": ("!!python/object/apply:os.mkdir [pwned]\n", "tags"),
    "NULs": (HEAD + "\0" * 100_000, "U+0000"),
}


@pytest.mark.parametrize("case", PACKS)
def test_a_hostile_pack_is_refused_within_limits(root: Path, pack: Path, case: str) -> None:
    """CPU time is limited by the kernel; memory is weighed afterwards."""
    text, word = PACKS[case]
    (pack / "own.yaml").write_text(text, encoding="utf-8")
    script = textwrap.dedent("""
        import resource, sys
        resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
        from pathlib import Path
        from advisor.errors import UserError
        from advisor.knowledge.loader import load_rule_base
        try:
            load_rule_base([Path(sys.argv[2])], root=Path(sys.argv[1]))
        except UserError as error:
            print(str(error)[:200_000])
            # Not ru_maxrss: a child inherits the peak of the process that started it.
            status = Path("/proc/self/status").read_text()
            print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script, str(root), str(pack)],
        capture_output=True,
        text=True,
        check=True,
        cwd=pack,
    )
    *told, megabytes = done.stdout.splitlines()
    assert word in "\n".join(told)
    assert len(done.stdout) < 100_000
    assert int(megabytes) < 200
    assert [path.name for path in pack.iterdir()] == ["own.yaml"]


def test_a_pack_of_many_files_is_bounded(root: Path, pack: Path) -> None:
    for index in range(3):
        (pack / f"{index}.yaml").write_text("# " + "x" * 7_000_000, encoding="utf-8")
    with pytest.raises(UserError, match="the pack holds more than"):
        load_rule_base([pack], root=root)


def test_a_whole_disk_is_no_pack(root: Path, pack: Path) -> None:
    for index in range(1005):
        (pack / f"{index}.yaml").write_text("", encoding="utf-8")
    (pack / "sub").mkdir()
    with pytest.raises(UserError, match="more than 1,000 rule files"):
        load_rule_base([pack], root=root)
