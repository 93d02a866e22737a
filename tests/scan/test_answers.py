"""From findings to answers: what is enough, what contradicts itself, what is left to people."""

from __future__ import annotations

import pytest

from advisor.answers_io import read_answers
from advisor.scan.answers import Resolution, resolve
from advisor.scan.answers_file import answers_text
from advisor.scan.scanning import scan_code

TORCH = "import torch\nx = torch.zeros(3)\n"
JAX = "import jax\nimport jax.numpy as jnp\n"


@pytest.fixture
def resolved(tree, knowledge, base):
    def resolver(files: dict[str, str]) -> Resolution:
        return resolve(scan_code(tree(files), knowledge), base.facts)

    return resolver


def values(resolution: Resolution) -> dict[str, object]:
    return {answer.key: answer.value for answer in resolution.answered}


def left_open(resolution: Resolution) -> set[tuple[str, str]]:
    return {(entry.key, entry.reason) for entry in resolution.open}


def test_the_code_base_is_what_most_files_import(resolved):
    files = {f"a{i}.py": TORCH for i in range(5)} | {"b.py": JAX}
    assert values(resolved(files))["codebase"] == "pytorch"


def test_two_frameworks_in_like_parts_are_no_answer_and_that_is_said(resolved):
    resolution = resolved({"a.py": TORCH, "b.py": JAX})
    assert "codebase" not in values(resolution)
    assert ("codebase", "conflict") in left_open(resolution)


def test_numpy_counts_only_where_there_is_no_framework(resolved):
    numpy = {f"n{i}.py": "import numpy as np\n" for i in range(9)}
    assert values(resolved(numpy))["codebase"] == "numpy"


def test_numpy_beside_a_framework_is_no_contradiction(resolved):
    files = {f"n{i}.py": "import numpy as np\n" for i in range(9)} | {"a.py": TORCH}
    assert values(resolved(files))["codebase"] == "pytorch"


def test_nothing_is_answered_from_absence(resolved):
    """No branch, no float64, no transform: silence, not `false`."""
    assert set(values(resolved({"a.py": TORCH}))) == {"codebase"}


def test_one_stray_float64_in_a_large_code_base_is_no_answer(resolved):
    files = {f"a{i}.py": TORCH for i in range(60)}
    files["z.py"] = "import torch\nx = torch.zeros(3, dtype=torch.float64)\n"
    resolution = resolved(files)
    assert "float64" not in values(resolution)
    assert ("float64", "rare") in left_open(resolution)


def test_the_switch_for_float64_is_one_even_once(resolved):
    files = {f"a{i}.py": JAX for i in range(60)}
    files["z.py"] = "import jax\njax.config.update('jax_enable_x64', True)\n"
    assert values(resolved(files))["float64"] is True


def test_a_switch_on_and_off_is_a_contradiction(resolved):
    on, off = "import jax\njax.config.update('jax_enable_x64', {})\n".format, "False"
    resolution = resolved({"a.py": on("True"), "b.py": on(off)})
    assert ("float64", "conflict") in left_open(resolution)


def test_tests_never_answer(resolved):
    text = "import jax\njax.config.update('jax_enable_x64', True)\n"
    resolution = resolved({"a.py": JAX, "tests/test_a.py": text})
    assert "float64" not in values(resolution)


def test_several_gpus_say_more_than_one(resolved):
    ddp = "import torch\nm = torch.nn.parallel.DistributedDataParallel(m)\nm.cuda()\n"
    assert values(resolved({"a.py": ddp}))["hardware.train"] == "nvidia_multi"


def test_cuda_and_tpu_in_like_parts_are_no_answer(resolved):
    resolution = resolved(
        {
            "a.py": "import torch\nx.cuda()\n",
            "b.py": "import torch_xla.core.xla_model as xm\nxm.f()\n",
        }
    )
    assert ("hardware.train", "conflict") in left_open(resolution)


def test_only_what_nothing_replaces_is_a_must(resolved):
    """A must is binding: one with a counterpart is liked, and rules the other framework not out."""
    text = "import torch_geometric\nimport lightning\nimport torch\n"
    resolution = resolved({"a.py": text})
    assert values(resolution)["must_use"] == ["torch-geometric"]
    assert values(resolution)["prefer"] == ["lightning"]
    assert ("must_use", "replaceable") not in left_open(resolution)


def test_what_belongs_to_the_other_framework_rules_the_code_itself_not_out(resolved):
    """Code in JAX that reads weights through Transformers is code in JAX."""
    files = {f"a{i}.py": JAX + "import flax\n" for i in range(5)}
    files |= {"convert.py": "import transformers\nimport torch\n"}
    resolution = resolved(files)
    assert values(resolution)["codebase"] == "jax"
    assert "must_use" not in values(resolution)
    assert values(resolution)["prefer"] == ["flax"]
    assert ("must_use", "other-side") in left_open(resolution)
    assert "of another framework than the code itself" in answers_text(resolution)


def test_an_extension_is_no_program_that_embeds_pytorch(resolved):
    """Kernels include the header of scripts too; a program loads one."""
    files = {"a.py": TORCH, "ops.cpp": "#include <torch/script.h>\n"}
    assert "deployment" not in values(resolved(files))
    files["main.cpp"] = '#include <torch/script.h>\nauto m = torch::jit::load("m.pt");\n'
    assert values(resolved(files))["deployment"] == "cpp_server"


def test_asking_for_a_type_is_no_branch_on_data(resolved):
    text = """
import torch

class M(torch.nn.Module):
    def forward(self, x):
        dtype = x.dtype if self.training else torch.get_autocast_gpu_dtype()
        return x * (1 if dtype == torch.float16 else 2)
"""
    assert "control_flow" not in values(resolved({"a.py": text}))
    branching = text.replace("dtype == torch.float16", "x.sum() > 0")
    assert values(resolved({"a.py": branching}))["control_flow"] is True


def test_a_code_base_does_not_need_itself(resolved):
    files = {
        "pyproject.toml": '[project]\nname = "diffrax"\n',
        "diffrax/a.py": "import jax\nimport diffrax\nimport lineax\n",
        "src/numpyro/b.py": "import numpyro\nimport jax\n",
    }
    assert values(resolved(files))["must_use"] == ["lineax"]


def test_a_package_in_one_file_of_many_is_no_must(resolved):
    files = {f"a{i}.py": TORCH for i in range(60)} | {"z.py": "import transformers\n"}
    resolution = resolved(files)
    assert "must_use" not in values(resolution)
    assert ("must_use", "rare") in left_open(resolution)


def test_a_newer_vocabulary_with_liked_packages_gets_them(tree, knowledge, base):
    """`prefer` is asked for by the contract; where the vocabulary has it, it is answered."""
    from dataclasses import replace

    facts = {**base.facts, "prefer": replace(base.facts["must_use"], id="prefer")}
    collected = scan_code(tree({"a.py": "import flax\nimport optax\nimport jax\n"}), knowledge)
    answers = {a.key: a.value for a in resolve(collected, facts).answered}
    assert answers["prefer"] == ["flax", "optax"]
    assert "must_use" not in answers


def test_every_answer_names_places_that_exist_and_is_of_the_vocabulary(tree, knowledge, base):
    from tests.scan.planted import plant

    root = tree({})
    plant(root)
    resolution = resolve(scan_code(root, knowledge), base.facts)
    assert len(resolution.answered) >= 8
    for answer in resolution.answered:
        assert base.facts[answer.key].origin == "answer"
        assert answer.confidence in ("certain", "likely")
        assert answer.places
        for finding in answer.places:
            lines = (root / finding.file).read_text("utf-8").split("\n")
            assert lines[finding.line - 1] == finding.text or finding.file.endswith(".ipynb")


def test_the_answers_file_is_read_back_with_its_sources(tree, tmp_path, knowledge, base):
    from tests.scan.planted import plant

    root = tree({})
    plant(root)
    resolution = resolve(scan_code(root, knowledge), base.facts)
    path = tmp_path / "answers.yaml"
    path.write_text(answers_text(resolution), "utf-8")
    answers = read_answers(path, base)
    assert dict(answers.values) == values(resolution)
    assert set(answers.sources.values()) == {"detected"}
    assert answers.unknown == ()


def test_each_answer_of_the_file_has_its_places_above_it(resolved):
    lines = answers_text(resolved({"pkg/a.py": TORCH})).split("\n")
    at = lines.index("  codebase: pytorch")
    assert lines[at - 1] == "  # detected in the code (certain): pkg/a.py:1"


def test_what_was_left_open_stands_in_the_file_as_comments(resolved):
    text = answers_text(resolved({"a.py": TORCH, "b.py": JAX}))
    comment = next(line for line in text.split("\n") if line.startswith("# codebase"))
    assert "jax (1 file, b.py:1)" in comment
    assert "pytorch (1 file, a.py:1)" in comment
