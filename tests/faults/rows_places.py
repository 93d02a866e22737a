"""Faults of places and resources: disks, descriptors, memory, names, the environment."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.case import OLD, PAGE_OUT, TEXT_OUT, Case, Fault, Inject

WRITING = ("report-text", "report-page", "advise-text", "probe-file")
READING = ("report", "check", "claims", "scan", "advise")
# Limits count the processes of a user: one of its own for everybody who runs this.
NOBODY = 40_000 + os.getpid() % 20_000


def shell(*lines: str) -> Inject:
    """What a shell does before it becomes the command."""

    def inject(case: Case) -> None:
        case.shell += lines

    return inject


def environment(**changes: str | None) -> Inject:
    """Variables set, or taken away where None."""

    def inject(case: Case) -> None:
        for name, value in changes.items():
            case.env.pop(name, None)
            if value is not None:
                case.env[name] = value

    return inject


def python(*options: str) -> Inject:
    """Options of the interpreter."""

    def inject(case: Case) -> None:
        case.python += options

    return inject


def mounted(*lines: str) -> Inject:
    """Mounts that only this command sees."""

    def inject(case: Case) -> None:
        case.outside = ["unshare", "-m"]
        case.shell += lines

    return inject


def old_outputs(case: Case) -> None:
    """A report and evidence of an earlier run, which must survive."""
    for name in (PAGE_OUT, TEXT_OUT, "out/old.json"):
        (case.place / name).write_text(OLD, "utf-8")


def both(*parts: Inject) -> Inject:
    """One after the other."""

    def inject(case: Case) -> None:
        for part in parts:
            part(case)

    return inject


def moved_to(name: str) -> Inject:
    """The whole place under another name."""

    def inject(case: Case) -> None:
        where = case.place.with_name(name)
        case.place.rename(where)
        old = str(case.place)
        case.env = {k: v.replace(old, str(where)) for k, v in case.env.items()}
        case.script["state"] = str(where / "state")
        case.place = where

    return inject


def _out_is_a_file(case: Case) -> None:
    (case.place / "out").rmdir()
    (case.place / "out").write_text("a file", "utf-8")


def _output_is_a_directory(case: Case) -> None:
    for name in (PAGE_OUT, TEXT_OUT, "out/evidence.json"):
        (case.place / name).mkdir()


def as_nobody(case: Case) -> None:
    """A user whom no list names; it may read wherever the interpreter lies."""
    reads = "+dac_override,+dac_read_search"
    case.outside = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                    f"--inh-caps={reads}", f"--ambient-caps={reads}"]  # fmt: skip
    case.env.pop("HOME")


def without_rights(case: Case) -> None:
    """A user who may not do everything everywhere, root or not."""
    case.outside = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def _not_mine(case: Case) -> None:
    without_rights(case)
    os.chown(case.place / "out", NOBODY, NOBODY)


def _few_processes(case: Case) -> None:
    as_nobody(case)
    case.outside = ["prlimit", "--nproc=1", *case.outside]


def _gone(case: Case) -> None:
    """The directory that one stands in is removed by somebody else."""
    whole = case.place
    case.argv = [str(whole / w) if (whole / w).exists() else w for w in case.argv]
    case.shell += ['mkdir "$TMPDIR/away"', 'cd "$TMPDIR/away"', 'rmdir "$TMPDIR/away"']


def _odd_names(case: Case) -> None:
    for name in ("answers.yaml", "evidence.json", "decision.json"):
        odd = name.replace(".", " 'é\n\u202e.")
        (case.place / name).rename(case.place / odd)
        case.replaced(name, odd)


def _bytes_in_name(case: Case) -> None:
    """A name that is no text; and nothing has it."""
    for name in ("answers.yaml", "decision.json", "code"):
        case.replaced(name, "caf\udce9.json")


ROWS = [
    Fault("disk-full", "the disk of the output is full (tmpfs of 16 kB)", WRITING,
          mounted("mount -t tmpfs -o size=16k tmpfs out",
                  "head -c 99999 /dev/zero > out/f 2>/dev/null"),
          (2,), "No space left", needs=("mounts",), undone=True),
    Fault("disk-full-temporary", "TMPDIR is full (tmpfs of 4 kB)",
          ("report-text", "report-page", "doctor", "probe"),
          mounted('mount -t tmpfs -o size=4k tmpfs "$TMPDIR"',
                  'head -c 9999 /dev/zero > "$TMPDIR/f" 2>/dev/null'),
          (0, 2, 3, 4), needs=("mounts",)),
    Fault("disk-full-stdout", "stdout is /dev/full", ("report", "advise", "scan", "claims",
          "doctor", "check", "report-screen"), shell("exec > /dev/full"), (2,), "No space left",
          mute="o", undone=True),
    Fault("disk-full-stderr", "stderr is /dev/full", ("report-text", "report", "scan"),
          shell("exec 2> /dev/full"), mute="e"),
    Fault("file-limit", "no file may grow beyond 1 kB (RLIMIT_FSIZE)", WRITING,
          both(old_outputs, shell("ulimit -f 2")), (2, 3), "", quick=1, undone=True),
    Fault("read-only", "the output's disk is read-only", WRITING,
          mounted("mount -t tmpfs -o ro tmpfs out"), (2,), "Read-only", needs=("mounts",),
          undone=True),
    Fault("read-only-home", "HOME and TMPDIR are read-only", ("report", "doctor", "probe"),
          mounted("mount -t tmpfs -o ro tmpfs home", "mount -t tmpfs -o ro tmpfs tmp"),
          (0, 2, 3, 4), needs=("mounts",), undone=True),
    Fault("noexec", "TMPDIR is noexec", ("probe", "doctor"),
          mounted('mount -t tmpfs -o noexec tmpfs "$TMPDIR"'), needs=("mounts",), quick=0),
    Fault("output-file", "the output's directory is a file", WRITING, _out_is_a_file, (2,), "out"),
    Fault("output-directory", "the output is a directory", WRITING, _output_is_a_directory, (2,),
          "irectory"),
    Fault("output-not-mine", "the output's directory belongs to somebody else", WRITING, _not_mine,
          (2,), "Permission denied", needs=("root",)),
    Fault("output-long", "an output name of 300 characters", ("report-text", "probe-file"),
          lambda case: (case.replaced(TEXT_OUT, "o" * 300 + ".txt"),
                        case.replaced("out/evidence.json", "o" * 300 + ".json")),
          (2,), "too long"),
    Fault("gone", "the working directory was removed", ("doctor", "report", "claims", "scan"),
          _gone),
    Fault("descriptors", "9 file descriptors (RLIMIT_NOFILE)", ("report", "report-page",
          "advise-page", "doctor", "probe"), shell("ulimit -n 9"), (0, 2, 3, 4),
          undone=True, quick=2),
    Fault("processes", "no further process or thread (RLIMIT_NPROC, as nobody)",
          ("report-page", "doctor", "probe", "claims"),
          _few_processes, (0, 2, 3, 4), needs=("root",)),
    Fault("memory", "200 MB of memory (RLIMIT_AS)", ("report", "report-page", "advise", "scan",
          "claims", "check", "doctor", "probe"), shell("ulimit -v 200000"), (0, 2, 3, 4),
          undone=True),
    Fault("memory-small", "60 MB of memory (RLIMIT_AS)", ("report", "scan", "advise"),
          shell("ulimit -v 60000"), (0, 2), quick=1),
    Fault("stack", "a stack of 256 kB", ("report", "scan", "advise"), shell("ulimit -s 256"),
          quick=0),
    Fault("no-home", "no HOME", ("doctor", "report", "scan", "interview"),
          environment(HOME=None), quick=1),
    Fault("no-home-no-name", "no HOME, and a user without a name",
          ("report-page", "doctor", "report", "probe"), as_nobody, needs=("root",), quick=1),
    Fault("home-absent", "HOME does not exist and cannot be made", ("doctor", "probe", "report"),
          environment(HOME="/proc/nowhere"), quick=0),
    Fault("no-tmpdir", "TMPDIR does not exist", ("doctor", "probe", "report-page"),
          environment(TMPDIR="/nonexistent"), quick=1),
    Fault("no-tmp", "no directory for temporary files at all", ("doctor", "probe", "report-page",
          "scan"), both(environment(TMPDIR=None), mounted(
              "for d in /tmp /var/tmp /usr/tmp; do test -d $d || continue",
              "mount --bind $d $d; mount -o remount,ro,bind $d; done", 'cd "$PWD"')),
          (0, 2, 3, 4), needs=("mounts",), quick=0),
    Fault("no-environment", "no variable at all", READING, lambda case: case.env.clear() or
          case.env.update(PYTHONPATH=str(Path(__file__).resolve().parents[2])), quick=1),
    Fault("no-shm", "no /dev/shm", ("report-page", "doctor", "probe", "scan"),
          mounted("mount -t tmpfs -o ro,size=4k,mode=000 tmpfs /dev/shm"), needs=("mounts",),
          quick=0),
    Fault("no-proc", "no /proc", ("doctor", "probe", "report", "advise"),
          mounted("mount -t tmpfs -o ro tmpfs /proc"), (0, 3), needs=("mounts",)),
    Fault("no-sys", "no /sys", ("doctor", "probe"),
          mounted("mount -t tmpfs -o ro tmpfs /sys"), needs=("mounts",), quick=0),
    Fault("locale-c", "the locale C, without UTF-8 mode", ("report-screen", "report", "scan",
          "claims", "doctor", "advise"),
          environment(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")),
    Fault("ascii", "output in ASCII (PYTHONIOENCODING)", ("report-screen", "report", "scan",
          "claims", "doctor", "advise", "check"),
          environment(PYTHONIOENCODING="ascii:strict")),
    Fault("codepage", "output in cp1252", ("report-screen", "report", "claims"),
          environment(PYTHONIOENCODING="cp1252"), quick=0),
    Fault("odd-names", "files with spaces, quotes, a newline and a bidi mark in their names",
          ("report", "advise", "check"), _odd_names),
    Fault("odd-place", "a directory with spaces, a newline and non-ASCII in its name",
          ("probe-file", "report-page", "advise-text", "scan", "doctor"),
          moved_to("a b\n'ü\u202e"), quick=0),
    Fault("name-bytes", "a file's name that is no text, of a file that is not there",
          ("report", "advise", "scan"), _bytes_in_name, (2,)),
    Fault("optimised", "python -O", (*READING, "probe", "report-page"), python("-O"), quick=1),
    Fault("isolated", "python -I", (*READING, "report-page"), python("-I"), quick=1),
    Fault("warnings", "warnings are errors (PYTHONWARNINGS=error)", READING,
          environment(PYTHONWARNINGS="error"), quick=1),
    Fault("traps", "PYTHONINSPECT, PYTHONBREAKPOINT and PYTHONSTARTUP set", ("report", "scan"),
          environment(PYTHONBREAKPOINT="os.abort", PYTHONSTARTUP="/nonexistent"), quick=0),
]  # fmt: skip
