"""C++ and CUDA sources: kernels and programs that embed PyTorch or serve XLA.

Knows the lines by which they show themselves. It must not parse them any further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from advisor.knowledge.code_signals import Confidence
from advisor.scan.model import FileReport

_SIGNS: Mapping[str, re.Pattern[str]] = {
    "cuda": re.compile(r"__global__\s+|<<<[^>\n]{0,200}>>>"),
    "cpp": re.compile(
        r"#include\s*[<\"](torch/(extension|library|all|torch)\.h|ATen/|c10/)|TORCH_LIBRARY"
    ),
    "ffi": re.compile(r"#include\s*[<\"]xla/ffi/api/|XLA_FFI_DEFINE_HANDLER"),
    "hip": re.compile(r"#include\s*[<\"]hip/hip_runtime"),
}
_PROGRAM = re.compile(
    r"torch::jit::load|AOTIModelPackageLoader|#include\s*[<\"]torch/csrc/inductor/aoti"
)
# Extensions include it as well as programs do.
_PERHAPS = re.compile(r"#include\s*[<\"]torch/script")
_CUDA = (".cu", ".cuh")


def read_native(text: str, report: FileReport) -> None:
    """Add what the C++ or CUDA source *text* says to *report*: each sign once."""
    missing = dict(_SIGNS)
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        for kernel, sign in tuple(missing.items()):
            if sign.search(line):
                del missing[kernel]
                report.add("code.kernel", kernel, number, line, "certain")
        if _PROGRAM.search(line):
            report.add("deployment", "cpp_server", number, line, "likely")
        elif _PERHAPS.search(line):
            report.add("deployment", "cpp_server", number, line, "possible")
    if report.file.lower().endswith(_CUDA) and "cuda" in missing:
        sure: Confidence = "likely"
        report.add("code.kernel", "cuda", 1, lines[0], sure)
