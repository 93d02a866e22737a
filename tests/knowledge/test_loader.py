"""The rule base is refused with place and suggestion for every mistake that an author can make."""

from __future__ import annotations

from pathlib import Path

import pytest

from advisor.errors import UserError, UserErrorGroup
from advisor.knowledge.loader import load_rule_base
from advisor.knowledge.model import AllOf, AnyOf, Not, OneOf, Within

CLAIM = """\
schema: fw-advisor/rules@1
rules:
  - id: claim.team.doubles
    kind: claim
    title: Doubles need care
    when: {float64: true}
    effects:
      - {framework: jax, criterion: team, direction: against, strength: weak}
    group: doubles
    reliability: medium
    sources: [guide]
    asserted: 2026-01-01
    reviewed: 2026-11-01
    expires: 2027-05-01
    tests:
      - {name: fires, given: {float64: true}, expect: fires, favours: pytorch}
"""


def errors_of(root: Path, *packs: Path) -> list[UserError]:
    with pytest.raises(UserError) as caught:
        load_rule_base(packs, root=root)
    error = caught.value
    return error.errors if isinstance(error, UserErrorGroup) else [error]


def test_a_valid_base_is_read_whole(root: Path) -> None:
    base = load_rule_base(root=root)
    claim, veto = base.rules
    assert claim.when == AllOf((OneOf("task", ("image", "graph")), OneOf("float64", (False,))))
    assert claim.where.endswith("rules/claims/all.yaml:3:5")
    assert claim.tests[0].favours == "pytorch"
    assert (veto.excludes, veto.lifts, veto.pack) == ("jax", "do without it", "core")
    assert base.sources["guide"].retrieved == "2026-11-20"
    assert base.questions[1].skip_when == OneOf("task", ("image",))
    assert base.questions[2].offers == ((2, "Soon"), (26, "Later"))
    assert base.facts["task"].prior[0] == ("image", 0.5)
    assert base.version == "2026-11-01"


BAD_RULES = {
    "unknown fact": ("{float64: true}", "{flot64: true}", "6:12", "flot64", "float64"),
    "unknown value": ("{float64: true}", "{task: imge}", "6:18", "imge", "image"),
    "value in a list": ("{float64: true}", "{task: [image, gaph]}", "6:26", "gaph", "graph"),
    "word for a flag": ("{float64: true}", "{float64: yes}", "6:21", "true or false", "quotes"),
    "out of range": (
        "{float64: true}",
        "{deadline_weeks: {above: 9999}}",
        "6:36",
        "out of range",
        "520",
    ),
    "bounds the wrong way": (
        "{float64: true}",
        "{deadline_weeks: {between: [8, 3]}}",
        "6:38",
        "smaller",
        "",
    ),
    "unknown bound": (
        "{float64: true}",
        "{deadline_weeks: {abov: 3}}",
        "6:35",
        "abov",
        "above",
    ),
    "bounds of a word": ("{float64: true}", "{task: {above: 3}}", "6:18", "not a number", "image"),
    "number for text": ("{float64: true}", "{python: 3.10}", "6:20", "3.1", "quotes"),
    "accepts nothing": ("{float64: true}", "{task: []}", "6:18", "never true", ""),
    "asks for unknown": ("{float64: true}", "{task: unknown}", "6:18", "unknown", "waits"),
    "a list of conditions": ("{float64: true}", "[float64]", "6:11", "mapping", "fact: value"),
    "unknown combination": ("{float64: true}", "{any_off: []}", "6:12", "any_off", "any_of"),
    "a ranking": ("{float64: true}", "{priorities: team}", "6:24", "weighs", ""),
    "no workload": (
        "{float64: true}",
        "{measured.jax_speedup.matmal: {above: 2}}",
        "6:12",
        "matmal",
        "matmul",
    ),
    "no version range": ("{float64: true}", '{installed.torch: ">>2"}', "6:29", "range", ">=5,<6"),
    "unknown framework": ("framework: jax", "framework: jacks", "8:21", "jacks", "jax"),
    "unknown criterion": ("criterion: team", "criterion: teem", "8:37", "teem", "team"),
    "unknown strength": ("strength: weak", "strength: week", "8:73", "week", "weak"),
    "unknown source": ("[guide]", "[gude]", "11:15", "gude", "guide"),
    "no source": ("    sources: [guide]\n", "", "3:5", "sources is missing", "at least one"),
    "no review": ("    reviewed: 2026-11-01\n", "", "3:5", "reviewed is missing", ""),
    "no date": ("2026-11-01", "last week", "13:15", "date", ""),
    "impossible date": ("2026-11-01", "2026-02-30", "13:15", "date", ""),
    "expires late": ("2027-05-01", "2028-05-01", "14:14", "12 months", "2027-11-01"),
    "expires before": ("2027-05-01", "2026-05-01", "14:14", "after reviewed", ""),
    "unknown key": ("group: doubles", "gruop: doubles", "9:5", "gruop", "group"),
    "unknown about": ("group: doubles", "about: speed.matmal", "9:12", "matmal", "speed.matmul"),
    "kind against id": ("kind: claim", "kind: note", "3:9", "begins with note", ""),
    "id of one word": ("id: claim.team.doubles", "id: Doubles", "3:9", "Doubles", "lower-case"),
    "test of no fact": (
        "given: {float64: true}",
        "given: {flot: true}",
        "16:31",
        "flot",
        "float64",
    ),
    "test of no value": ("given: {float64: true}", "given: {task: x}", "16:37", "task", "image"),
    "unknown expectation": ("expect: fires", "expect: fire", "16:55", "fire", "fires"),
}


@pytest.mark.parametrize("case", BAD_RULES)
def test_a_mistake_in_a_rule_is_told_with_place_and_suggestion(
    root: Path, pack: Path, case: str
) -> None:
    old, new, where, word, hint = BAD_RULES[case]
    assert old in CLAIM
    (pack / "own.yaml").write_text(CLAIM.replace(old, new, 1), encoding="utf-8")
    errors = errors_of(root, pack)
    told = [error for error in errors if error.where == f"{pack}/own.yaml:{where}"]
    assert told, [str(error) for error in errors]
    assert word in told[0].message
    assert hint in told[0].hint
    # One mistake is told once; a claim made a note has effects and an id that do not fit either.
    assert len(errors) == (2 if case == "kind against id" else 1), [str(e) for e in errors]


def test_all_mistakes_are_told_at_once(root: Path, pack: Path) -> None:
    text = CLAIM.replace("{float64: true}", "{tsk: image}", 1).replace("[guide]", "[x]")
    (pack / "own.yaml").write_text(text.replace("2026-11-01", "soon"), encoding="utf-8")
    (pack / "z.yaml").write_text("schema: fw-advisor/rules@2\nrules: []\n", encoding="utf-8")
    assert len(errors_of(root, pack)) == 1
    (pack / "z.yaml").unlink()
    assert len(errors_of(root, pack)) == 3


def test_ten_thousand_mistakes_are_told_briefly(root: Path, pack: Path) -> None:
    head, _, rule = CLAIM.partition("rules:\n")
    bad = rule.replace("{float64: true}", "{tsk: image}", 1)
    (pack / "own.yaml").write_text(head + "rules:\n" + bad * 2000, encoding="utf-8")
    errors = errors_of(root, pack)
    assert 100 <= len(errors) <= 110


def test_veto_and_note_carry_what_they_need(root: Path, pack: Path) -> None:
    veto = CLAIM.replace("claim.team.doubles", "veto.doubles").replace("kind: claim", "kind: veto")
    (pack / "own.yaml").write_text(veto, encoding="utf-8")
    told = " ".join(error.message for error in errors_of(root, pack))
    for word in ("excludes is missing", "lifts is missing", "reliability high", "no effects"):
        assert word in told


def test_conditions_are_read_with_all_their_forms(root: Path, pack: Path) -> None:
    when = """
      any_of:
        - {deadline_weeks: {below: 4}, must_use: Torch_Geometric}
        - {not: {transforms: [long_scan]}}
        - {measured.jax_speedup.matmul: {between: [1, 2]}, installed.jax: ">=0.9"}
    """
    (pack / "own.yaml").write_text(CLAIM.replace("{float64: true}", when, 1), encoding="utf-8")
    (rule,) = (r for r in load_rule_base([pack], root=root).rules if r.id == "claim.team.doubles")
    assert rule.pack == "team"
    assert rule.when == AnyOf(
        (
            AllOf((Within("deadline_weeks", below=4.0), OneOf("must_use", ("torch-geometric",)))),
            Not(OneOf("transforms", ("long_scan",))),
            AllOf(
                (
                    Within("measured.jax_speedup.matmul", 1.0, 2.0, inclusive=True),
                    OneOf("installed.jax", (">=0.9",)),
                )
            ),
        )
    )


def test_a_pack_adds_and_disables_but_never_replaces(root: Path, pack: Path) -> None:
    (pack / "own.yaml").write_text(
        CLAIM + "disable:\n  - {id: claim.ecosystem.images, because: We know better}\n",
        encoding="utf-8",
    )
    base = load_rule_base([pack], root=root)
    assert [rule.id for rule in base.rules] == ["claim.team.doubles", "veto.jax.exclude"]
    assert base.disabled == {"claim.ecosystem.images": "We know better"}

    twin = CLAIM.replace("claim.team.doubles", "claim.ecosystem.images")
    (pack / "own.yaml").write_text(twin, encoding="utf-8")
    (error,) = errors_of(root, pack)
    assert error.where == f"{pack}/own.yaml:3:9"
    assert "all.yaml:3:5" in error.message
    assert "never replaces" in error.hint


def test_disabling_needs_an_existing_rule_and_a_reason(root: Path, pack: Path) -> None:
    (pack / "own.yaml").write_text(
        "schema: fw-advisor/rules@1\ndisable: [{id: claim.ecosystem.image}]\n", encoding="utf-8"
    )
    missing, unknown = errors_of(root, pack)
    assert "because is missing" in missing.message
    assert "claim.ecosystem.images" in unknown.hint


def test_the_order_of_files_and_rules_changes_nothing(root: Path, tmp_path: Path) -> None:
    first = load_rule_base(root=root)
    text = (root / "claims/all.yaml").read_text(encoding="utf-8")
    head, one, two = (
        text.partition("rules:\n")[0],
        *text.partition("rules:\n")[2].split("  - id: v"),
    )
    (root / "claims/all.yaml").unlink()
    (root / "vetoes").mkdir()
    (root / "vetoes/b.yaml").write_text(f"{head}rules:\n  - id: v{two}", encoding="utf-8")
    (root / "claims/z.yaml").write_text(f"{head}rules:\n{one}", encoding="utf-8")
    second = load_rule_base(root=root)
    assert [rule.id for rule in first.rules] == [rule.id for rule in second.rules]


def test_duplicate_ids_name_both_places(root: Path) -> None:
    text = (root / "claims/all.yaml").read_text(encoding="utf-8")
    (root / "claims/twin.yaml").write_text(text, encoding="utf-8")
    errors = errors_of(root)
    assert [error.where for error in errors] == [
        "rules/claims/twin.yaml:3:9",
        "rules/claims/twin.yaml:20:9",
    ]
    assert "rules/claims/all.yaml:3:5" in errors[0].message


@pytest.mark.parametrize("kind", ["file", "folder", "absolute", "dangling"])
def test_links_out_of_a_pack_are_refused(root: Path, pack: Path, kind: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("password: hunter2\n", encoding="utf-8")
    (pack / "own.yaml").write_text(CLAIM, encoding="utf-8")
    if kind == "folder":
        (pack / "more").symlink_to(outside)
    else:
        target = {"file": "../outside/secret.yaml", "dangling": "nowhere.yaml"}
        (pack / "x.yaml").symlink_to(target.get(kind, "/etc/hostname"))
    (error,) = errors_of(root, pack)
    assert "link" in error.message
    assert "hunter2" not in str(error)


def test_a_link_inside_a_pack_is_read(root: Path, pack: Path) -> None:
    (pack / "kept").mkdir()
    (pack / "kept" / "own.txt").write_text(CLAIM, encoding="utf-8")
    (pack / "own.yaml").symlink_to("kept/own.txt")
    assert len(load_rule_base([pack], root=root).rules) == 3


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "mapping"),
        ("[1]", "mapping"),
        ("rules: []", "schema is missing"),
        ("schema: fw-advisor/rules@9\nrules: []", "fw-advisor/rules@9"),
        ("schema: fw-advisor/answers@1\nanswers: {}", "fw-advisor/answers@1"),
        ("schema: fw-advisor/rules@1\nrules: {a: 1}", "list"),
        ("schema: fw-advisor/rules@1\nrules: [1]", "mappings"),
    ],
)
def test_other_documents_are_no_rules(root: Path, pack: Path, text: str, word: str) -> None:
    (pack / "own.yaml").write_text(text, encoding="utf-8")
    (error,) = errors_of(root, pack)
    assert word in error.message
    assert error.where
    assert error.where.startswith(f"{pack}/own.yaml")


def test_a_pack_has_to_be_a_directory_with_rules(root: Path, pack: Path, tmp_path: Path) -> None:
    assert "no YAML" in errors_of(root, pack)[0].message
    assert "no such" in errors_of(root, tmp_path / "absent")[0].message
    (tmp_path / "x.yaml").write_text(CLAIM, encoding="utf-8")
    assert "not a directory" in errors_of(root, tmp_path / "x.yaml")[0].message


def test_a_source_has_the_address_of_a_web_page(root: Path, pack: Path) -> None:
    source = "{id: s, url: %s, title: T, publisher: P, retrieved: 2026-11-01, gist: G}"
    for url in ("javascript:alert(1)", "file:///etc/passwd", "https://", "http://a b"):
        text = f"schema: fw-advisor/sources@1\nsources: [{source % repr(url)}]\n"
        (pack / "s.yaml").write_text(text, encoding="utf-8")
        assert "address" in errors_of(root, pack)[0].message
    text = f"schema: fw-advisor/sources@1\nsources: [{source % repr('https://a.example/b')}]\n"
    (pack / "s.yaml").write_text(text, encoding="utf-8")
    assert "s" in load_rule_base([pack], root=root).sources


def test_the_shipped_rules_load() -> None:
    base = load_rule_base()
    assert set(base.criteria) == {
        "ecosystem",
        "team",
        "performance",
        "iteration",
        "platform",
        "deployment",
        "risk",
    }
    assert set(base.frameworks) == {"pytorch", "jax"}
    assert len(base.rules) >= 100
