"""Requirements and constraints files, line by line.

Knows pip's format, and follows none of its references to other files.
"""

from __future__ import annotations

import re

from advisor.scan.manifests.dependencies import Place, take_requirement
from advisor.scan.model import FileReport
from advisor.scan.tables import Tables

_OTHERS = re.compile(r"dev|test|doc|lint|ci|build|constraint|bench|typing", re.IGNORECASE)
_URL = re.compile(r"(?:git\+|https?:)\S*?#egg=([A-Za-z0-9._-]+)")
_COMMENT = re.compile(r"(^|\s)#(?!egg=).*")


def read_requirements(text: str, report: FileReport, tables: Tables) -> None:
    """Add what the requirements in *text* say to *report*."""
    name = report.file.rpartition("/")[2]
    optional = _OTHERS.search(name) is not None
    for number, line in enumerate(text.split("\n"), start=1):
        written = _COMMENT.sub("", line).strip().rstrip("\\").strip()
        url = _URL.match(written)
        if url is not None:
            written = url.group(1)
        if written and not written.startswith(("-", ".", "/", "git+", "http")):
            written = re.split(r"\s--", written, maxsplit=1)[0]
            take_requirement(Place(report, tables, number, line), written, optional=optional)
