"""Questions, asking and the adaptive way through them.

`session.run` is the interview; `terminals.make_asker` gives it a terminal, `saving` takes up one
that was stopped, `defaults` answers where nobody can be asked. This room knows the rule base and
what was detected; it must not know how anything is measured or decided.
"""

from __future__ import annotations

from pathlib import Path

REPORT_DIRECTORY = Path("fw-advisor-report")
"""Where an interview keeps its answers, evidence and reports, unless told otherwise."""
