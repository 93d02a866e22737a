"""The steps of an interview before the report: what is known, what is asked, what is measured.

Joins the rooms (machine, interview, measure, knowledge); each of them knows nothing of the others.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor import __version__
from advisor.cli.common import colour_wanted, say
from advisor.errors import InterruptedRunError
from advisor.resources import resource_dir

if TYPE_CHECKING:
    from advisor.answers import Answers
    from advisor.cli.background import BackgroundProbe
    from advisor.cli.consent import Consent
    from advisor.cli.measuring import Surroundings
    from advisor.evidence import Evidence
    from advisor.interview.asking import Asker
    from advisor.interview.questions import Detected
    from advisor.knowledge.model import RuleBase
    from advisor.measure.campaign import Finished
    from advisor.measure.wishes import Wishes
    from advisor.record import Inputs

RANKING_SAMPLES = 500
# With the installation it has to fit into four minutes, and nobody likes to wait longer.
BUDGETS = {"quick": "60s", "standard": "110s", "thorough": None}
WORKER = Path("probe.pyz")
DROPPED = "What was measured so far is dropped; --resume measures again."
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
    aside: BackgroundProbe | None = None
    aside_for: tuple[str, ...] = ()
    consent: Consent | None = None

    @cached_property
    def base(self) -> RuleBase:
        """The rule base with the packs that were asked for."""
        from advisor.knowledge.loader import load_rule_base

        return load_rule_base(self.rules)

    @cached_property
    def around(self) -> Surroundings:
        """What was found on this machine."""
        from advisor.cli.measuring import look_around

        return look_around(self.python, device=self.device, label=self.label)

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
        detected["project"] = Detected(Path.cwd().name)
        return detected

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
                assumed=lambda answers: fill_defaults(self.base, answers, self.detected),
                objections=self._objections,
            )
            self.probe = self.probe and self._may_measure(said)
        except (UserError, KeyboardInterrupt):
            if self.aside is not None and self.aside.running:
                say(DROPPED)
            self.end_aside()
            raise
        # What was not worth a question is still known where it was detected.
        return fill_defaults(self.base, said, self.detected)

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

    def opening_lines(self) -> list[str]:
        """What was found here, one line each, problems with what mends them last."""
        from advisor.machine.detected import hardware_text
        from advisor.render.evidence_words import word_notice

        machine = self.around.machine
        cores = machine.get("cores_usable")
        cpu = f"{machine.get('cpu', 'CPU')}" + (f", {cores} cores usable" if cores else "")
        detected, problems = [f"Machine: {cpu}"], []
        if machine.get("accelerators"):
            detected.append(f"Accelerators: {hardware_text(machine)}")
        for toolchain in self.around.toolchains:
            name = self.base.frameworks[toolchain.framework].title
            if toolchain.problem is None:
                detected.append(f"{name} {toolchain.version} (Python {toolchain.python})")
            else:
                hint = toolchain.problem.get("hint", "")
                text = f"! {name}: {toolchain.problem['text']}"
                problems.append(f"{text}; {hint}" if hint else text)
        notices = [word_notice(notice) for notice in self.around.notices]
        problems += [f"! {notice.text}; {notice.hint}" for notice in notices]
        return [*detected, *problems]

    def _consent(self, asker: Asker) -> Consent:
        from advisor.cli.consent import Consent

        named = [
            f"{self.base.frameworks[chain.framework].title} {chain.version}"
            for chain in self.around.toolchains
            if chain.problem is None
        ]
        budget = self.time_budget()
        time = f"about {budget}" if budget else "some minutes"
        what = f"{' and '.join(named) or 'Nothing'}, on the {self.device or 'CPU'}, {time}"
        return Consent(
            base=self.base, detected=self.detected, asker=asker, what=what, export=self._export
        )

    def _may_measure(self, answers: Answers) -> bool:
        """Whether somebody said yes; where nothing could be measured nobody is asked."""
        from advisor.cli.measuring import specs_of

        if self.consent is None or not specs_of(self.around.toolchains)[0]:
            return True
        return self.consent.ask(answers)

    def _export(self, answers: Answers) -> list[str]:
        """Write the worker for the hardware that is not here; what to do with it."""
        from advisor.cli.exporting import export_worker

        device = device_for(answers.values.get("hardware.train"))
        done = export_worker(WORKER, self._wishes(answers, device))
        return [
            f"Written: {done.worker} and {done.plan}. Copy both to that machine, then:",
            f"$ python3 {done.worker.name} --plan {done.plan.name} > evidence.json",
            "and here, with what it measured:",
            "$ fw-advisor advise --answers ANSWERS.yaml --evidence evidence.json",
        ]

    def _begin_aside(self, answers: Answers) -> None:
        """Start the task's probes as soon as the task is known; again when they change."""
        from advisor.cli.background import BackgroundProbe
        from advisor.cli.measuring import specs_of

        wanted = self._work_options(answers)
        if not self.probe or not wanted or wanted == self.aside_for:
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
            self.aside = BackgroundProbe([*self._probe_options(), *wanted])

    def time_budget(self) -> str | None:
        """The budget asked for, or the profile's."""
        return self.budget or BUDGETS.get(self.profile)

    def _probe_options(self) -> list[str]:
        options = ["--profile", self.profile, "--seed", str(self.seed)]
        if self.device:
            options += ["--device", self.device]
        if budget := self.time_budget():
            options += ["--budget", budget]
        if self.label:
            options += ["--label", self.label]
        for item in self.python:
            options += ["--python", item]
        for pack in self.rules:
            options += ["--rules", str(pack)]
        return options

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
        from advisor.cli.live import live_progress

        with live_progress(quiet=self.quiet, colour=self.colour) as report:
            if self.aside is not None and self.aside_for == self._work_options(answers):
                return self._from_aside(report)
            from advisor.cli.measuring import make_campaign
            from advisor.measure.campaign import measure

            return measure(make_campaign(self.around, self._wishes(answers), report))

    def _work_options(self, answers: Answers) -> tuple[str, ...]:
        """The probe options for what the answers say will be computed; empty without a task."""
        from advisor.cli.model_options import model_options

        task = _task_options(answers)
        return (*task, *model_options(self.base, answers)) if task else ()

    def _wishes(self, answers: Answers, device: str = "") -> Wishes:
        from advisor.cli.measuring import make_wishes, parse_budget
        from advisor.cli.model_options import models_asked
        from advisor.cli.probe import task_probes

        transforms = answers.values.get("transforms")
        listed = transforms if isinstance(transforms, list) else []
        return make_wishes(
            **task_probes(self.base, answers.values.get("task"), listed),
            models=models_asked(self.base, answers),
            profile=self.profile,
            device=device or self.device or "cpu",
            budget_s=parse_budget(self.time_budget()),
            seed=self.seed,
            settings="matched",
            frameworks=(),
        )

    def _from_aside(self, report: Any) -> Finished:
        from advisor.errors import UserError
        from advisor.measure.campaign import Finished
        from advisor.measure.progress import Progress

        aside = self.aside
        assert aside is not None
        interrupted = False

        def relay(line: str) -> None:
            values = {"text": line.removeprefix("measuring: ")}
            report(Progress(0.0, 0.0, "relayed", values))

        try:
            evidence = aside.wait(relay)
        except KeyboardInterrupt:
            interrupted, evidence = True, aside.evidence()
        message, hint = aside.failure()
        self.end_aside()
        if evidence is None:
            raise UserError(message or "the probes gave nothing", hint=hint)
        entries = [e for p in evidence.probes for e in p.entries]
        complete = bool(entries) and all(e.status == "ok" for e in entries)
        complete = complete and all(n.id != "toolchain-left-out" for n in evidence.notices)
        return Finished(evidence, complete, interrupted, 0.0)

    def inputs(self, answers: Answers, evidence: Sequence[Evidence], today: str) -> Inputs:
        """What the decision is a function of."""
        from advisor.cli.looking_up import with_installed_packages
        from advisor.record import Inputs

        return Inputs(
            answers=answers,
            evidence=tuple(evidence),
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

    def width(self) -> int:
        """Columns of the terminal, 80 where there is none."""
        return shutil.get_terminal_size((80, 24)).columns

    def colour_out(self) -> bool:
        """Whether stdout gets colour."""
        return self.colour and colour_wanted(no_color=False, stream=sys.stdout)


def device_for(hardware: Any) -> str:
    """The device word for a value of the answer on hardware: ``cuda`` for ``nvidia_cluster``."""
    from advisor.devices import DEVICES, reported_word

    kinds = {kind for info in DEVICES.values() for kind in info.kinds}
    for kind in sorted(kinds):
        if isinstance(hardware, str) and (hardware == kind or hardware.startswith(f"{kind}_")):
            return reported_word(kind) or ""
    return ""


def _task_options(answers: Answers) -> tuple[str, ...]:
    """The probe options for task and transforms; empty without a task."""
    task, transforms = answers.values.get("task"), answers.values.get("transforms")
    if not isinstance(task, str):
        return ()
    named = [str(name) for name in transforms] if isinstance(transforms, list) else []
    return ("--task", task, *(word for name in named for word in ("--transform", name)))
