"""The steps of an interview before the report: what is known, what is asked, what is measured.

Joins the rooms (machine, interview, measure, knowledge); each of them knows nothing of the others.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from advisor import __version__
from advisor.cli.common import say
from advisor.cli.kept import Kept, take_up
from advisor.devices import is_cpu
from advisor.errors import InterruptedRunError
from advisor.resources import resource_dir

if TYPE_CHECKING:
    from advisor.answers import Answers
    from advisor.cli.background import BackgroundProbe
    from advisor.cli.code_base import CodeBase
    from advisor.cli.consent import Consent
    from advisor.cli.measuring import Surroundings
    from advisor.evidence import Evidence
    from advisor.interview.asking import Asker
    from advisor.interview.questions import Detected
    from advisor.knowledge.model import RuleBase
    from advisor.measure.campaign import Finished
    from advisor.measure.wishes import Wishes
    from advisor.prices import Price
    from advisor.record import Inputs

RANKING_SAMPLES = 500
# With the installation it has to fit into four minutes, and nobody likes to wait longer.
BUDGETS = {"quick": "60s", "standard": "110s", "thorough": None}
# There compilers try kernels out, and frameworks take 5 s to start (docs/accelerators.md).
BUDGETS_ON_ACCELERATORS = {"quick": "120s", "standard": "240s", "thorough": None}
LOOKING = "Looking whether both frameworks can use the {name} ..."
NO_EXAMPLE = "No terminal to ask in: taking the example scenario ({path})."


@dataclass(kw_only=True)
class Talk:
    """One interview, from the options to the measurements."""

    rules: Sequence[Path]
    python: Sequence[str]
    profile: str
    device: str | None
    budget: str | None
    seed: int
    probe: bool
    quiet: bool
    colour: bool
    prompt: bool
    label: str | None = None
    wait: bool = False
    on_cpu: bool = False
    aside: BackgroundProbe | None = None
    aside_for: tuple[str, ...] = ()
    consent: Consent | None = None
    kept: Kept | None = None
    code: Path | None = None
    library: Sequence[Path] = ()
    prices: Mapping[str, Price] = field(default_factory=dict)

    @cached_property
    def base(self) -> RuleBase:
        """The rule base with the packs that were asked for."""
        from advisor.knowledge.loader import load_rule_base

        return load_rule_base(self.rules)

    @cached_property
    def around(self) -> Surroundings:
        """What was found on this machine, and on its accelerator where nobody named a device."""
        return self._surroundings[0]

    @cached_property
    def _surroundings(self) -> tuple[Surroundings, str | None]:
        """What was found, and the accelerator that was looked at though nobody named it."""
        from advisor.cli.measuring import look_around, look_around_best

        if self.device is not None or self.on_cpu or not self.probe:
            return look_around(self.python, device=self.device, label=self.label), None

        def begin(name: str) -> None:
            say(LOOKING.format(name=name), quiet=self.quiet)

        return look_around_best(self.python, label=self.label, begin=begin)

    @cached_property
    def detected(self) -> dict[str, Detected]:
        """What was found, as proposals for answers."""
        from advisor.interview.questions import Detected
        from advisor.machine.detected import detected_facts, hardware_text

        facts = detected_facts(self.around.machine, self.around.toolchains)
        detected = {key: Detected(value) for key, value in facts.items()}
        if "detected.hardware" in detected:
            description = hardware_text(self.around.machine)
            detected["detected.hardware"] = Detected(facts["detected.hardware"], description)
        with contextlib.suppress(OSError):
            # The directory that one stands in may have been removed.
            detected["project"] = Detected(Path.cwd().name)
        # What a team's code says is nearer to its work than what this machine is.
        return {**detected, **self.code_base.proposals}

    @cached_property
    def code_base(self) -> CodeBase:
        """What the team's code answers; nothing where none is given."""
        from advisor.cli.code_base import CodeBase, read_code_base

        return CodeBase() if self.code is None else read_code_base(self.code, self.base)

    def starting_answers(
        self,
        *,
        file: Path | None,
        assignments: Sequence[str],
        resume: bool,
        defaults: bool,
        example: bool,
    ) -> Answers:
        """What is known before anything is asked: file, then flags; then defaults if wanted.

        Raises:
            UserError: something is wrong with a file or a flag, or nobody can be asked.
        """
        from advisor.answers import Answers
        from advisor.answers_io import parse_assignment, read_answers
        from advisor.cli.measuring import with_named
        from advisor.interview import saving
        from advisor.interview.defaults import fill_defaults, require

        answers = Answers()
        if resume:
            answers = saving.load(self.base)
            self.kept = take_up(saving.state_file().parent)
        if file is not None:
            answers = read_answers(file, self.base)
        elif example and not self.prompt and not assignments and not resume:
            path = resource_dir("rules") / "example.yaml"
            answers = read_answers(path, self.base)
            say(NO_EXAMPLE.format(path=f"rules/{path.name}"))
        self.python = with_named(self.python, answers.pythons)
        for item in assignments:
            key, value = parse_assignment(item, self.base)
            answers = answers.with_value(key, value, "flag")
        if self.code is not None:
            answers = self.code_base.taken_by(answers)
        self.on_cpu = answers.values.get("hardware.train") == "cpu"
        if defaults:
            answers = fill_defaults(self.base, answers, self.detected)
        if not self.prompt:
            require(self.base, answers)
        return answers

    def ask(self, start: Answers, evidence: Sequence[Evidence]) -> Answers:
        """Ask what is worth asking, where somebody can be asked; probes start meanwhile."""
        from advisor.errors import UserError

        if not self.prompt:
            return start
        from advisor.interview import session
        from advisor.interview.defaults import fill_defaults
        from advisor.interview.terminals import make_asker

        asker = make_asker(colour=self.colour)
        self.consent = self._consent(asker)
        try:
            said = session.run(
                self.base,
                start,
                self.detected,
                asker=asker,
                rank=lambda answers, keys: self._rank(answers, keys, evidence),
                on_answer=self._begin_aside,
                live=lambda: self.aside.live() if self.aside else None,
                surroundings=self.opening_lines(),
                clear=lambda answers: self._is_clear(answers, evidence),
                measures=self.probe,
                assumed=lambda answers: fill_defaults(self.base, answers, self.detected),
                objections=self._objections,
            )
            self.probe = self.probe and self._may_measure(said)
        except (UserError, KeyboardInterrupt):
            self._keep_aside()
            self.end_aside()
            raise
        # What was not worth a question is still known where it was detected.
        return fill_defaults(self.base, said, self.detected)

    def _keep_aside(self) -> None:
        """Keep what the probes that run aside have settled, for an interview that goes on."""
        from advisor.cli.background import keep_settled
        from advisor.interview import saving

        if self.aside is not None:
            options = self._options_for(self.aside_for)
            say(keep_settled(self.aside, options, saving.state_file().parent))

    def _spared(self, options: Sequence[str]) -> tuple[str, ...]:
        """The probes that an interrupted interview measured already with these *options*."""
        return self.kept.probes if self.kept and self.kept.serves(options) else ()

    def earlier(self, answers: Answers) -> list[Evidence]:
        """What an interrupted interview measured, where it is of what is measured now."""
        spared = self.probe and self._spared(self._options(answers))
        return [self.kept.evidence] if self.kept and spared else []

    def _rank(
        self, answers: Answers, keys: Sequence[str], evidence: Sequence[Evidence]
    ) -> list[tuple[str, float]]:
        from advisor.cli.measuring import today
        from advisor.decide.information import rank_questions

        inputs = self.inputs(answers, list(evidence), today())
        return rank_questions(inputs, keys, samples=RANKING_SAMPLES)

    def _objections(self, answers: Answers) -> list[str]:
        """What does not fit together in *answers*, one sentence each."""
        from advisor.decide.notices import clash_notice
        from advisor.interview.questions import known_facts
        from advisor.knowledge.conflicts import clashes_in
        from advisor.render.decision_words import notice_text
        from advisor.render.wording import sentence

        clashes = clashes_in(self.base, known_facts(answers, self.detected))
        return [
            sentence(notice_text(clash_notice(clash, answers.values), self.base))
            for clash in clashes
        ]

    def _is_clear(self, answers: Answers, evidence: Sequence[Evidence]) -> bool:
        from advisor.cli.measuring import today
        from advisor.decide.information import is_clear

        return is_clear(self.inputs(answers, list(evidence), today()), samples=RANKING_SAMPLES)

    def opening_lines(self) -> list[str]:
        """What was found here, one line each, problems with what mends them last."""
        from advisor.cli.opening import opening_lines

        read = self.code_base.lines() if self.code is not None else []
        return [*opening_lines(self.base, self.around), *read]

    def _consent(self, asker: Asker) -> Consent:
        from advisor.cli.consent import Consent
        from advisor.cli.offering import Offer, holder_here

        offer = Offer(
            base=self.base,
            around=self.around,
            device=self._device_for,
            budget=self.time_budget,
            wishes=self._wishes,
        )
        return Consent(
            base=self.base,
            detected=self.detected,
            asker=asker,
            what=offer.what,
            export=self._export,
            scaling=offer.scaling,
            cannot=offer.cannot,
            holder=holder_here,
        )

    def _may_measure(self, answers: Answers) -> bool:
        """Whether somebody said yes; where nothing could be measured nobody is asked."""
        from advisor.cli.measuring import specs_of

        if self.kept and self.kept.complete and self._spared(self._options(answers)):
            return True
        if self.consent is None or not specs_of(self.around.toolchains)[0]:
            return True
        yes = self.consent.ask(answers)
        self.wait = self.wait or self.consent.waits
        return yes

    def _export(self, answers: Answers) -> list[str]:
        """Write the worker for the hardware that is not here; what to do with it."""
        from advisor.cli.exporting import device_for, export_to_carry

        device = device_for(answers.values.get("hardware.train"))
        return export_to_carry(self._wishes(answers, device))

    def _begin_aside(self, answers: Answers) -> None:
        """Start the task's probes as soon as the task is known; again when they change."""
        from advisor.cli.background import BackgroundProbe
        from advisor.cli.measuring import specs_of

        wanted = self._work_options(answers)
        if not self.probe or not wanted or wanted == self.aside_for:
            return
        options = self._options_for(wanted)
        if self.kept and self.kept.complete and self._spared(options):
            return
        if self.consent is not None:
            if self.consent.given is None and not self.consent.ready(answers):
                return
            if not self._may_measure(answers):
                return
        self.end_aside()
        self.aside_for = wanted
        # Native Windows has no such pipes; nothing is measured there anyhow.
        if specs_of(self.around.toolchains)[0] and os.name == "posix":
            skipped = [word for name in self._spared(options) for word in ("--skip", name)]
            self.aside = BackgroundProbe([*options, *skipped, *self._way_options()])

    def _device_for(self, answers: Answers) -> str:
        """What is measured: the device asked for, or what was found here if it may train there."""
        from advisor.cli.exporting import device_for

        trains_on = answers.values.get("hardware.train")
        here = self.device or self._surroundings[1] or "cpu"
        meant = device_for(trains_on) or here
        return here if self.device or (trains_on != "cpu" and meant == here) else "cpu"

    def time_budget(self, device: str) -> str | None:
        """The budget asked for, or the profile's on *device*."""
        budgets = BUDGETS if is_cpu(device) else BUDGETS_ON_ACCELERATORS
        return self.budget or budgets.get(self.profile)

    def _options(self, answers: Answers) -> tuple[str, ...]:
        return self._options_for(self._work_options(answers))

    def _options_for(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """All that says what is measured, and how; *wanted* is what the answers say."""
        options = ["--profile", self.profile, "--seed", str(self.seed)]
        if self.label:
            options += ["--label", self.label]
        for item in self.python:
            options += ["--python", item]
        for pack in self.rules:
            options += ["--rules", str(pack)]
        return (*options, *wanted)

    def _way_options(self) -> list[str]:
        return ["--wait"] if self.wait else []

    def end_aside(self) -> None:
        """End probes that run aside."""
        if self.aside is not None:
            self.aside.close()
            self.aside = None

    def measure(self, answers: Answers) -> Finished:
        """The evidence of this machine: from the probes that run aside, or measured now.

        Raises:
            NothingToMeasureError: no framework was found.
        """
        from advisor.cli.background import finished_by
        from advisor.cli.live import live_progress

        options = self._options(answers)
        if self.kept and self.kept.complete and self._spared(options):
            return self._from_kept()
        with live_progress(quiet=self.quiet, colour=self.colour) as report:
            if self.aside is not None and self.aside_for == self._work_options(answers):
                try:
                    return finished_by(self.aside, report)
                finally:
                    self.end_aside()
            from advisor.cli.measuring import make_campaign
            from advisor.measure.campaign import measure

            wishes = self._wishes(answers, skip=self._spared(options))
            return measure(make_campaign(self.around, wishes, report, wait=self.wait))

    def _work_options(self, answers: Answers) -> tuple[str, ...]:
        """The probe options for what the answers say will be computed; empty without a task."""
        from advisor.cli.model_options import model_options, task_options

        task = task_options(answers)
        device = self._device_for(answers)
        budget = self.time_budget(device)
        way = ["--device", device] if self.device or not is_cpu(device) else []
        way += ["--budget", budget] if budget else []
        return (*way, *task, *model_options(self.base, answers)) if task else ()

    def _from_kept(self) -> Finished:
        from advisor.measure.campaign import Finished

        assert self.kept is not None
        evidence, self.kept = self.kept.evidence, None
        return Finished(evidence, complete=True, interrupted=False, wall_s=0.0)

    def _wishes(self, answers: Answers, device: str = "", skip: Sequence[str] = ()) -> Wishes:
        from advisor.cli.asking_for import task_probes
        from advisor.cli.measuring import make_wishes, parse_budget
        from advisor.cli.model_options import models_asked

        transforms = answers.values.get("transforms")
        listed = transforms if isinstance(transforms, list) else []
        device = device or self._device_for(answers)
        return make_wishes(
            **task_probes(self.base, answers.values.get("task"), listed),
            models=models_asked(self.base, answers),
            profile=self.profile,
            device=device,
            budget_s=parse_budget(self.time_budget(device)),
            seed=self.seed,
            settings="matched",
            skip=tuple(skip),
            frameworks=(),
        )

    def inputs(self, answers: Answers, evidence: Sequence[Evidence], today: str) -> Inputs:
        """What the decision is a function of."""
        from advisor.cli.libraries import library_for
        from advisor.cli.looking_up import with_installed_packages
        from advisor.record import Inputs

        return Inputs(
            answers=answers,
            evidence=tuple(evidence),
            library=library_for(answers.values, evidence, self.base, self.library),
            prices=self.prices,
            base=with_installed_packages(
                self.base, answers, [t.interpreter for t in self.around.toolchains], today
            ),
            today=today,
            created=today,
            seed=self.seed,
            tool_version=__version__,
        )

    def stop(self, go_on: str) -> None:
        """Leave after an interrupt, saying how to go on.

        Raises:
            InterruptedRunError: always.
        """
        hint = f"go on with what was measured: {go_on}" if go_on else ""
        raise InterruptedRunError("stopped while measuring; answers and results kept", hint=hint)
