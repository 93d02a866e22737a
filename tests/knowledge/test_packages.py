"""Packages: found by any name, bound to what they run on, refused with place and suggestion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from advisor.errors import UserError, UserErrorGroup
from advisor.knowledge.conditions import leaves
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import OneOf
from advisor.knowledge.package_form import names_of
from advisor.knowledge.packages import bound_to, by_name, resolve, suggest, way, ways
from advisor.knowledge.personas import load_personas
from advisor.knowledge.rule_check import check
from advisor.knowledge.serialise import from_data, rules_sha256, to_data
from advisor.knowledge.supply import Package, RunsOn

BASE = load_rule_base()
BOTH = ("pytorch", "jax")
TODAY = "2026-11-27"


def named(name: str) -> Package:
    found = resolve(BASE.packages, name)
    assert found is not None, name
    return found


@pytest.mark.parametrize(
    ("written", "distribution"),
    [
        ("torch-geometric", "torch-geometric"),
        ("torch_geometric", "torch-geometric"),
        ("Torch.Geometric", "torch-geometric"),
        ("PyG", "torch-geometric"),
        ("torch_geometric.nn", "torch-geometric"),
        ("sb3", "stable-baselines3"),
        ("stable_baselines3", "stable-baselines3"),
        ("haiku", "dm-haiku"),
        ("sklearn", "scikit-learn"),
        ("pyro", "pyro-ppl"),
        ("mjx", "mujoco-mjx"),
        ("mujoco.mjx", "mujoco-mjx"),
        ("pyannote.audio", "pyannote-audio"),
        ("nnx", "flax"),
        (" PyTorch ", "torch"),
        ("tunix", "google-tunix"),
        ("POT", "pot"),
        ("ot", "pot"),
    ],
)
def test_a_package_is_found_by_any_of_its_names(written: str, distribution: str) -> None:
    assert named(written).name == distribution


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("pfet", "peft"),
        ("diffraks", "diffrax"),
        ("equinoxx", "equinox"),
        ("transfomers", "transformers"),
        ("numpiro", "numpyro"),
        ("stable-baseline", "stable-baselines3"),
    ],
)
def test_a_near_miss_is_not_found_but_suggested(written: str, meant: str) -> None:
    assert resolve(BASE.packages, written) is None
    assert suggest(BASE.packages, written)[0] == meant


def test_nothing_is_suggested_for_what_is_like_nothing() -> None:
    for word in ("our-own-thing", "zzqx", "", "-", "x" * 500):
        assert resolve(BASE.packages, word) is None
        assert suggest(BASE.packages, word) == ()


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        ("transformers", ("pytorch",)),
        ("vllm", ("pytorch",)),
        ("isaaclab", ("pytorch",)),
        ("torch-geometric", ("pytorch",)),
        ("numpyro", ("jax",)),
        ("diffrax", ("jax",)),
        ("maxtext", ("jax",)),
        ("tensorflow-probability", ("jax",)),
        ("keras", ()),
        ("skrl", ()),
        ("einops", ()),
        ("numpy", ()),
        ("gymnasium", ()),
        ("pymc", ()),
        ("torchax", ()),
    ],
)
def test_a_package_binds_to_what_it_cannot_do_without(name: str, bound: tuple[str, ...]) -> None:
    assert bound_to(named(name), BOTH) == bound


def test_versions_decide_where_a_package_changed_sides() -> None:
    transformers = named("transformers")
    assert ways(transformers, BOTH, "4.57.6") == {"pytorch": "native", "jax": "native"}
    assert ways(transformers, BOTH, "5.0.1") == {"pytorch": "native", "jax": "bridge"}
    assert ways(transformers, BOTH) == {"pytorch": "native", "jax": "bridge"}
    evox = named("evox")
    assert bound_to(evox, BOTH, "0.9.0") == ("jax",)
    assert bound_to(evox, BOTH, "1.4.0") == ("pytorch",)
    assert bound_to(named("keras"), BOTH, "2.15.0") == ()
    assert ways(named("keras"), BOTH, "2.15.0") == {"pytorch": "no", "jax": "no"}
    assert bound_to(named("scvi-tools"), BOTH, "1.4.2") == ()
    assert bound_to(named("scvi-tools"), BOTH, "not a version") == ("pytorch",)


def test_a_bridge_is_not_native_and_has_its_price() -> None:
    run = named("timm").runs_on["jax"]
    assert way(named("timm"), "jax") == "bridge"
    assert (run.through, bool(run.price)) == ("torchax", True)
    assert bound_to(named("timm"), BOTH) == ("pytorch",)
    assert way(named("numpyro"), "pytorch") == "no"


def test_at_least_150_packages_each_with_a_page_a_reason_and_dates() -> None:
    assert len(BASE.packages) >= 150
    for package in BASE.packages:
        assert package.home.startswith("https://"), package.name
        assert package.says, package.name
        assert package.as_of <= package.reviewed <= TODAY < package.expires, package.name
        for run in package.runs_on.values():
            assert bool(run.through) == bool(run.price), package.name
    assert not [f for f in check(BASE, today=TODAY) if f.severity == "error"]


def test_the_state_says_what_the_dates_say() -> None:
    for package in BASE.packages:
        silent = package.as_of < "2025-11-25"
        assert not (silent and package.state == "alive"), package.name


def test_every_package_that_a_rule_or_persona_names_is_described() -> None:
    names = {
        str(value)
        for rule in BASE.rules
        for leaf in leaves(rule.when)
        if isinstance(leaf, OneOf) and leaf.fact in ("must_use", "prefer")
        for value in leaf.accepted
    }
    for persona in load_personas(BASE):
        names.update(persona.answers.get("must_use") or ())
    names.update(
        str(entry["package"]) for rule in BASE.rules for entry in rule.suggests.get("stack", ())
    )
    assert len(names) > 60
    assert not [name for name in sorted(names) if resolve(BASE.packages, name) is None]


def test_a_name_means_one_package() -> None:
    every = [name for package in BASE.packages for name in names_of(package)]
    assert len(every) == len(set(every)) == len(by_name(BASE.packages))


def test_a_record_holds_the_packages_that_were_named_and_their_bridges() -> None:
    rules = [rule.id for rule in BASE.rules]
    data = to_data(BASE, rules=rules, packages=["HF_Transformers", "numpyro", "no-such"])
    read = from_data(data)
    assert {p.name for p in read.packages} == {"numpyro", "torchax", "transformers"}
    assert resolve(read.packages, "transformers") == named("transformers")
    again = to_data(read, rules=rules, packages=["HF_Transformers", "numpyro", "no-such"])
    assert again == data
    assert "packages" not in to_data(BASE, rules=rules)
    assert "packages" in to_data(BASE)


def test_the_hash_moves_with_the_packages_that_were_named() -> None:
    packages = tuple(
        replace(p, runs_on={"pytorch": RunsOn(), "jax": RunsOn()}) if p.name == "peft" else p
        for p in BASE.packages
    )
    other = replace(BASE, packages=packages)
    assert rules_sha256(other, packages=["trl"]) == rules_sha256(BASE, packages=["trl"])
    assert rules_sha256(other, packages=["PEFT"]) != rules_sha256(BASE, packages=["PEFT"])


ENTRY = """\
schema: fw-advisor/packages@1
packages:
  - name: some-lib
    aliases: [somelib]
    runs_on: {pytorch: {}, jax: {until: "5.0"}}
    implies: {task: graph}
    state: alive
    as_of: 2026-10-01
    home: "https://example.org/some-lib"
    says: Requires torch.
    sources: [guide]
    reviewed: 2026-11-01
    expires: 2027-05-01
"""


def errors_of(root: Path, text: str) -> list[UserError]:
    (root / "packages.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_rule_base(root=root)
    error = caught.value
    return error.errors if isinstance(error, UserErrorGroup) else [error]


def test_an_entry_is_read_whole(root: Path) -> None:
    (root / "packages.yaml").write_text(ENTRY, encoding="utf-8")
    (package,) = load_rule_base(root=root).packages
    assert package.runs_on == {"pytorch": RunsOn(), "jax": RunsOn(until="5.0")}
    assert package.implies == {"task": ("graph",)}
    assert package.where.endswith("packages.yaml:3:5")


@pytest.mark.parametrize(
    ("old", "new", "place", "says", "hint"),
    [
        ("pytorch: {}", "pytroch: {}", "5:15", "pytroch", "did you mean 'pytorch'"),
        ("until", "untill", "5:34", "untill", "until"),
        ('"5.0"', '"five"', "5:41", "not a version", "2.10"),
        ("{task: graph}", "{task: graf}", "6:21", "graf", "graph"),
        ("{task: graph}", "{tusk: graph}", "6:15", "tusk", "task"),
        ("state: alive", "state: alife", "7:12", "alife", "alive"),
        ("[guide]", "[gide]", "11:15", "gide", "guide"),
        ("name: some-lib", "name: Some_Lib", "3:11", "Some_Lib", "some-lib"),
        ("2027-05-01", "2028-05-01", "13:14", "12 months", "2027-11-01"),
        ("2027-05-01", "2026-05-01", "13:14", "after reviewed", ""),
        ('"https://example.org/some-lib"', "example", "9:11", "web page", "https"),
        ('{until: "5.0"}', "{through: bridge}", "5:33", "price", "costs"),
        ("    runs_on: {pytorch: {}, jax: {until: \"5.0\"}}\n", "", "3:5", "runs_on", "{}"),
        ("    aliases: [somelib]\n", "    alias: [somelib]\n", "4:5", "alias", "aliases"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_a_suggestion(
    root: Path, old: str, new: str, place: str, says: str, hint: str
) -> None:
    assert old in ENTRY
    (error,) = errors_of(root, ENTRY.replace(old, new))
    assert error.where is not None
    assert error.where.endswith(f"packages.yaml:{place}"), error.where
    assert says in error.message
    assert hint in error.hint


def test_two_packages_cannot_share_a_name(root: Path) -> None:
    second = ENTRY[ENTRY.index("  - name") :].replace("some-lib", "other", 1)
    (error,) = errors_of(root, ENTRY + second)
    assert "means two packages" in error.message
    assert "packages.yaml:3:5" in error.message


def test_what_is_stale_or_leads_nowhere_is_found(root: Path) -> None:
    text = ENTRY.replace('{until: "5.0"}', "{through: nobody, price: much}")
    (root / "packages.yaml").write_text(text, encoding="utf-8")
    base = load_rule_base(root=root)
    ids = {f.id for f in check(base, today="2027-05-02")}
    assert {"package-expired", "unknown-bridge"} <= ids
    assert "package-expired" not in {f.id for f in check(base, today="2027-05-01")}
