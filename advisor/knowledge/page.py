"""The page of all rules, for people who want to argue with one: Markdown, made from the rules.

Ages are counted to the newest review in the rule base, so that the page changes only when the rules
do. Text of packs is inert here. It must not know any other format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from advisor.knowledge.evaluate import days_between
from advisor.knowledge.model import NEVER, Rule, RuleBase, Source
from advisor.knowledge.rule_words import age_words, condition_words, effect_words
from advisor.text import inert

_ACTIVE = re.compile(r"[\\`*_{}\[\]#|~<>&@$]|:(?=//)|(?<=www)\.")
_KINDS = (
    ("veto", "Vetoes", "Each rules one framework out, and says what would lift it."),
    ("claim", "Claims", "Each speaks for or against a framework on a criterion."),
    ("note", "Notes", "Shown where they hold; they score nothing."),
)
_HEAD = """\
# The rules

What is believed about the frameworks, each statement with its sources and dates. This page is
made from the files in `rules/` by `make docs`; change a rule there, with its test.

*weak*, *moderate* and *strong* are worth half, one and two units. One unit is as important as a
step that takes half the time. Rules of one group are one piece of evidence: the strongest counts.
"""


def rules_page(base: RuleBase) -> str:
    """The page of all rules of *base* as Markdown."""
    counts = ", ".join(
        f"{sum(rule.kind == kind for rule in base.rules)} {title.lower()}"
        for kind, title, _ in _KINDS
    )
    lines = [_HEAD, f"{len(base.rules)} rules ({counts}), last reviewed {base.version or 'never'}."]
    for kind, title, text in _KINDS:
        rules = [rule for rule in base.rules if rule.kind == kind]
        if not rules:
            continue
        lines += ["", f"## {title}", "", text]
        for heading, members in _sections(base, kind, rules):
            lines += ["", f"### {heading}"] if heading else []
            for rule in members:
                lines += ["", *_rule(base, rule)]
    lines += ["", "## Sources", ""]
    lines += [_source_line(source) for source in base.sources.values()]
    return "\n".join(lines) + "\n"


def _sections(base: RuleBase, kind: str, rules: list[Rule]) -> Iterator[tuple[str, list[Rule]]]:
    """The claims by the criterion that they speak to first; other kinds in one section."""
    if kind != "claim":
        yield "", rules
        return
    for name, criterion in base.criteria.items():
        members = [rule for rule in rules if rule.effects[0].criterion == name]
        if members:
            yield plain(criterion.title), members


def _rule(base: RuleBase, rule: Rule) -> Iterable[str]:
    yield f"#### {plain(rule.title)}"
    yield ""
    yield f"`{rule.id}`" + (f" (pack {plain(rule.pack)})" if rule.pack != "core" else "")
    yield ""
    yield f"- **Holds when:** {plain(condition_words(rule.when, base.facts))}"
    if rule.effects:
        said = "; ".join(effect_words(effect, base) for effect in rule.effects)
        trust = f"{rule.reliability} reliability, group {plain(rule.group)}"
        yield f"- **Says:** {plain(said)} ({trust})"
    if rule.excludes:
        yield f"- **Rules out:** {plain(rule.excludes)}; lifted by: {plain(rule.lifts)}"
    if rule.suggests:
        yield f"- **Suggests:** {plain(_suggestion(rule))}"
    if rule.about:
        yield f"- **Measured as:** {plain(rule.about)}; a measurement stands above the claim"
    if rule.applies_to:
        ranges = ", ".join(f"{name} {wanted}" for name, wanted in rule.applies_to.items())
        yield f"- **Applies to:** {plain(ranges)}"
    if rule.rationale:
        yield f"- **Why:** {plain(rule.rationale)}"
    yield f"- **Sources:** {'; '.join(_cited(base, name) for name in rule.sources)}"
    age = age_words(days_between(rule.asserted, base.version or rule.reviewed))
    dates = f"true since {rule.asserted} ({age}), reviewed {rule.reviewed}"
    expiry = "never expires" if rule.expires == NEVER else f"expires {rule.expires}"
    yield f"- **Dates:** {dates}, {expiry}"
    if rule.revisit_when:
        yield f"- **Look again when:** {plain(rule.revisit_when)}"


def _suggestion(rule: Rule) -> str:
    parts = [str(rule.suggests.get("mode", ""))]
    for library in rule.suggests.get("stack", ()):
        why = library.get("why")
        parts.append(f"{library['package']} ({why})" if why else library["package"])
    return f"with {rule.suggests['framework']}: " + "; ".join(part for part in parts if part)


def _cited(base: RuleBase, name: str) -> str:
    source = base.sources[name]
    title = f"[{plain(source.title)}]({_address(source)})" if source.url else plain(source.title)
    return f"{title}, {plain(source.publisher)} {source.published or source.retrieved}"


def _source_line(source: Source) -> str:
    title = f"[{plain(source.title)}]({_address(source)})" if source.url else plain(source.title)
    published = f"published {source.published}, " if source.published else ""
    return (
        f"- `{source.id}`: {title}, {plain(source.publisher)}, {published}read {source.retrieved}. "
        f"{plain(source.gist)}"
    )


def _address(source: Source) -> str:
    return source.url.replace("(", "%28").replace(")", "%29")


def plain(text: str) -> str:
    """*text* as Markdown that shows it literally, in one line."""
    return _ACTIVE.sub(_escape, inert(" ".join(text.split())))


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(char, f"\\{char}")
