"""A module of the user's is counted in its own framework and named by its nearest family."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from advisor.errors import UserError
from advisor.evidence import Entry, Probe
from advisor.measure.module import Census, census_of, split_module, with_modules, written_step
from advisor.resources import resource_dir
from tests.decide import making

FILE = """
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.out = nn.LayerNorm(32), nn.Linear(32, 96), nn.Linear(32, 32)
    def forward(self, x):
        heads = self.qkv(self.norm(x)).view(*x.shape[:2], 3, 2, 16).permute(2, 0, 3, 1, 4)
        seen = nn.functional.scaled_dot_product_attention(*heads, is_causal=True)
        return x + self.out(seen.transpose(1, 2).flatten(2))

def gpt():
    model = nn.Sequential(nn.Embedding(50, 32), Block(), Block(), nn.Linear(32, 50))
    return model, torch.randint(50, (4, 8)), lambda out: out.square().mean()

def dense():
    return nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5)).eval(), torch.randn(16, 20)

def picture():
    layers = nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(3136, 7)
    return nn.Sequential(*layers), torch.randn(2, 3, 16, 16)

def recurrent():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRU(6, 24, num_layers=2, batch_first=True)
        def forward(self, x):
            return self.cell(x)[0]
    return Model(), torch.randn(3, 10, 6)

def number():
    return 3

def breaks():
    raise RuntimeError("no weights here")
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mine") / "nets.py"
    path.write_text(FILE, "utf-8")
    return path


def counted(file: Path, name: str, place: Path) -> Census:
    worker = (str(resource_dir("probes")),)
    return census_of(file, name, interpreter=sys.executable, worker=worker, place=place)


@pytest.mark.frameworks
def test_the_nearest_family_and_its_sizes_are_read_off(file: Path, tmp_path: Path) -> None:
    seen = {n: counted(file, n, tmp_path) for n in ("gpt", "dense", "picture", "recurrent")}
    assert {n: c.family for n, c in seen.items()} == {
        "gpt": "decoder", "dense": "mlp", "picture": "resnet", "recurrent": "recurrent",
    }  # fmt: skip
    gpt = {"layers": 2, "heads": 2, "width": 32, "length": 8, "vocabulary": 50, "batch": 4}
    assert gpt.items() <= seen["gpt"].size.items()
    assert seen["dense"].size == {"batch": 16, "inputs": 20, "widths": [64], "classes": 5}
    assert (seen["gpt"].trains, seen["dense"].trains) == (True, False)
    assert {"image": 16, "channels": 3, "classes": 7}.items() <= seen["picture"].size.items()
    wanted = {"cell": "gru", "layers": 2, "width": 24, "length": 10, "batch": 3}
    assert wanted.items() <= seen["recurrent"].size.items()


@pytest.mark.frameworks
def test_what_is_wrong_points_at_the_users_line(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no weights here") as caught:
        counted(file, "breaks", tmp_path)
    line = FILE.splitlines().index('    raise RuntimeError("no weights here")') + 1
    assert str(caught.value.where).endswith(f"nets.py:{line}")
    with pytest.raises(UserError, match=r"number\(\) has to return") as caught:
        counted(file, "number", tmp_path)
    assert "(module, inputs)" in caught.value.hint


@pytest.mark.parametrize("text", ["nets.py", "nets.py:", "nets.py:two words", "absent.py:gpt"])
def test_what_is_no_module_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        split_module(text)


def test_the_step_that_is_written_names_the_users_file(tmp_path: Path) -> None:
    census = Census(tmp_path / 'od"d.py', "gpt", "decoder")
    text = written_step(census, tmp_path).read_text("utf-8")
    compile(text, "step", "exec")
    assert 'od\\"d.py", "gpt"' in text


def test_a_module_stands_before_its_family_and_names_no_winner(tmp_path: Path) -> None:
    census = Census(tmp_path / "nets.py", "net", "resnet", {"blocks": 2}, ("dropout",))
    entries = [Entry(framework="pytorch", mode="pytorch.eager", status="ok", median_s=0.02)]
    evidence = making.evidence_with(works=[making.work(1.3)])
    timed = Probe(id="module_net", title="", entries=entries, cores=2)
    evidence.probes.append(timed)
    own, family = with_modules(evidence, [census]).works
    assert (own.model, own.verdict, own.time_ratio) == ("module:net", "invalid", None)
    assert own.step_s("pytorch.eager") == 0.02
    assert (family.model, family.unlike) == ("resnet", ["dropout"])
