"""Whether ``print`` and ``breakpoint`` inside a step show values, eager and compiled.

The step is called three times with the value 1.5 in its middle.
"""

from __future__ import annotations

from typing import Any

from probes.behaviour.seeing import breakpoints, error_of, is_number, printed

INPUT = 0.75
MIDDLE = 1.5
CALLS = 3


def torch_findings() -> dict[str, Any]:
    """Eager and under ``torch.compile``."""
    import torch

    def step(x: Any) -> Any:
        y = x * 2
        print(y)
        return y + 1

    def stopping(x: Any) -> Any:
        y = x * 2
        breakpoint()  # noqa: T100  (this is what is tried)
        return y + 1

    def times_shown(function: Any) -> int:
        with printed() as text:
            for _ in range(CALLS):
                function(torch.tensor(INPUT))
        return sum(is_number(line, MIDDLE) for line in text.getvalue().splitlines())

    def stops(function: Any) -> tuple[int, bool]:
        def look(variables: dict[str, Any]) -> bool:
            return is_number(str(variables.get("y")), MIDDLE)

        with breakpoints(look) as seen:
            error_of(lambda: [function(torch.tensor(INPUT)) for _ in range(CALLS)])
        return len(seen), bool(seen) and all(seen)

    compiled_stops, compiled_value = stops(torch.compile(stopping, backend="eager"))
    return {
        "eager_prints": times_shown(step),
        "compiled_prints": times_shown(torch.compile(step, backend="eager")),
        "eager_break": stops(stopping)[1],
        "compiled_stops": compiled_stops,
        "compiled_break": compiled_value,
    }


def jax_findings() -> dict[str, Any]:
    """Without jit and under ``jax.jit``; ``jax.debug.print`` is what shows values there."""
    import jax

    def step(x: Any) -> Any:
        y = x * 2
        print(y)
        return y + 1

    def stopping(x: Any) -> Any:
        y = x * 2
        breakpoint()  # noqa: T100  (this is what is tried)
        return y + 1

    def debugging(x: Any) -> Any:
        y = x * 2
        jax.debug.print("{y}", y=y)
        return y + 1

    def lines(function: Any) -> list[str]:
        with printed() as text:
            for _ in range(CALLS):
                jax.block_until_ready(function(jax.numpy.asarray(INPUT)))
            jax.effects_barrier()
        return text.getvalue().splitlines()

    def shown(function: Any) -> int:
        return sum(is_number(line, MIDDLE) for line in lines(function))

    def stops(function: Any) -> tuple[int, bool]:
        def look(variables: dict[str, Any]) -> bool:
            return is_number(str(variables.get("y")), MIDDLE)

        with breakpoints(look) as seen:
            error_of(lambda: [function(jax.numpy.asarray(INPUT)) for _ in range(CALLS)])
        return len(seen), bool(seen) and all(seen)

    in_jit = lines(jax.jit(step))
    compiled_stops, compiled_value = stops(jax.jit(stopping))
    return {
        "eager_prints": shown(step),
        "compiled_prints": sum(is_number(line, MIDDLE) for line in in_jit),
        "compiled_lines": len(in_jit),
        "compiled_text": in_jit[0] if in_jit else "",
        "debug_prints": shown(jax.jit(debugging)),
        "eager_break": stops(stopping)[1],
        "compiled_stops": compiled_stops,
        "compiled_break": compiled_value,
    }
