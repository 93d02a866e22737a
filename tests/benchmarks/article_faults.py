"""The faults of the JAX code that articles show, each as a few lines of our own that really fail.

A fault either raises, and then the error is named as this JAX words it, or it does something else
than its author meant, and then that is shown. ``python -m tests.benchmarks.article_faults`` prints
the table of the page; the same is run by the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

SHARED = """
import jax, jax.numpy as jnp, numpy as np
x, labels = jnp.ones((64, 784)), jnp.zeros(64, jnp.int32)
w1, w2 = jnp.ones((784, 256)), jnp.ones((256, 10))
"""


@dataclass(frozen=True)
class CodeFault:
    """One fault: its lines, what it says or shows, and what to write instead.

    `error` is the type that is raised and the beginning of its text; empty where nothing is
    raised, and then the lines print what happens, `shows`.
    """

    id: str
    what: str
    lines: str
    instead: str
    error: tuple[str, str] = ("", "")
    shows: str = ""


FAULTS = (
    CodeFault("JX-01", "imports a module that is gone", "import jax.config",
              "`jax.config.update(...)` after `import jax`",
              ("ModuleNotFoundError", "No module named 'jax.config'")),
    CodeFault("JX-02", "imports what it never uses",
              "from jax import lax\nprint('lax' in dir())", "nothing", shows="True"),
    CodeFault("JX-03", "takes data sets from JAX, which has none",
              "jax.data.Dataset.from_tensor_slices((x, labels))",
              "NumPy arrays and a permutation, or Grain",
              ("AttributeError", "module 'jax' has no attribute 'data'")),
    CodeFault("JX-04", "uses arrays that were never loaded", "len(train_images)",
              "load them", ("NameError", "name 'train_images' is not defined")),
    CodeFault("JX-05", "throws the labels away, so that there is no loss",
              "def model(features, label):\n    del label\n    return features @ w1 @ w2\n"
              "print(model(x, labels).shape == model(x, None).shape)",
              "a scalar loss of parameters, inputs and labels", shows="True"),
    CodeFault("JX-06", "multiplies the input by the second layer", "jnp.dot(x, w2)",
              "the first layer first",
              ("TypeError", "dot_general requires contracting dimensions to have the same shape")),
    CodeFault("JX-07", "makes a first layer that nothing depends on",
              "def model(w1, w2):\n    return (x[:, :256] @ w2).sum()\n"
              "print(float(jnp.abs(jax.grad(model)(w1, w2)).max()))",
              "the same layers, biases and activation as the twin in PyTorch", shows="0.0"),
    CodeFault("JX-08", "compiles a global weight in, which no training can change",
              "w = jnp.ones(())\nf = jax.jit(lambda x: w * x)\nbefore = float(f(3.0))\n"
              "w = jnp.zeros(())\nprint(before == float(f(3.0)))",
              "parameters as an argument", shows="True"),
    CodeFault("JX-09", "differentiates an output that is no single number",
              "jax.value_and_grad(lambda x: x @ w1 @ w2)(x)", "the mean of a loss",
              ("TypeError", "Gradient only defined for scalar-output functions")),
    CodeFault("JX-10", "takes the gradient by the data",
              "print(jax.grad(lambda x, w: (x @ w).sum())(x, w1).shape)",
              "parameters first, or `argnums`", shows="(64, 784)"),
    CodeFault("JX-11", "hands a function to a compiled function",
              "jax.jit(lambda model, x: model(x))(lambda x: x, x)",
              "a step of parameters, state and batch", ("TypeError", "")),
    CodeFault("JX-12", "takes the gradient for the value",
              "slope, value = jax.value_and_grad(lambda w: (w ** 2).sum())(jnp.ones(3))\n"
              "print(slope.shape, value.shape)",
              "`loss, slopes = ...`", shows="() (3,)"),
    CodeFault("JX-13", "calls grad of an array",
              "jax.grad(x @ w1)(x)", "one `value_and_grad` for each step", ("TypeError", "")),
    CodeFault("JX-14", "calls a function that was removed",
              "jax.tree_map(lambda w: w, w1)", "`jax.tree.map`", ("AttributeError", "")),
    CodeFault("JX-15", "computes an update and drops it: arrays don't change",
              "before = w1.sum()\njax.tree.map(lambda w: w - 0.001 * w, w1)\n"
              "print(bool(before == w1.sum()))",
              "`parameters = optax.apply_updates(parameters, updates)`", shows="True"),
    CodeFault("JX-16", "steps plainly where its twin has Adam",
              "import optax\nslopes = jnp.full(3, 0.5)\n"
              "def first_step(optimizer):\n"
              "    updates, _ = optimizer.update(slopes, optimizer.init(slopes))\n"
              "    return round(float(updates[0]), 6)\n"
              "print(first_step(optax.sgd(1e-3)), first_step(optax.adam(1e-3)))",
              "the same optimizer, start and batches on both sides", shows="-0.0005 -0.001"),
    CodeFault("JX-17", "draws from keys of the old kind",
              "print(jax.random.PRNGKey(0).dtype, jax.random.key(0).dtype)",
              "one `jax.random.key`, split", shows="uint32 key<fry>"),
    CodeFault("JX-18", "draws weights without regard to their number",
              "w = jax.random.normal(jax.random.key(0), (784, 256))\n"
              "print(float(jnp.std(jnp.ones((1, 784)) @ w)) > 20)",
              "`jax.nn.initializers.he_uniform()`", shows="True"),
    CodeFault("JX-19", "stops the clock before the work is done",
              "import time\na = jnp.ones((3000, 3000))\n(a @ a).block_until_ready()\n"
              "t = time.perf_counter(); b = a @ a; returned = time.perf_counter() - t\n"
              "b.block_until_ready(); done = time.perf_counter() - t\nprint(returned < done / 2)",
              "the whole step compiled, and `block_until_ready` before the clock", shows="True"),
    CodeFault("JX-20", "stands there six times and prints nothing", "print('')",
              "one program that says what it reached", shows=""),
)  # fmt: skip

_RUNNER = """
import contextlib, io, json, sys
said = []
for lines in json.loads(sys.stdin.read()):
    names, out = {}, io.StringIO()
    exec(SHARED, names)
    try:
        with contextlib.redirect_stdout(out):
            exec(lines, names)
        said.append(["", "", out.getvalue().strip()])
    except Exception as error:
        said.append([type(error).__name__, str(error).split("\\n")[0], ""])
print(json.dumps(said))
"""


def happened() -> list[tuple[str, str, str]]:
    """Of each fault the type and first line of its error, and what it printed."""
    text = f"SHARED = {SHARED!r}\n{_RUNNER}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", text],
        input=json.dumps([fault.lines for fault in FAULTS]),
        capture_output=True,
        text=True,
        check=True,
    )
    return [(name, said, shown) for name, said, shown in json.loads(done.stdout)]


def table() -> str:
    """What each fault does here, as Markdown."""
    rows = ["| | what the code does | what happens | instead |", "|---|---|---|---|"]
    for fault, (name, said, shown) in zip(FAULTS, happened(), strict=True):
        seen = f"`{name}: {said[:110]}`" if name else f"it shows `{shown}`"
        if not name and shown in ("True", ""):
            seen = "no error; it is so here" if shown else "no error, no output"
        code = fault.lines.replace("\n", "; ") if len(fault.lines) < 60 else ""
        what = f"{fault.what} (`{code}`)" if code else fault.what
        rows.append(f"| {fault.id} | {what} | {seen.replace('|', '/')} | {fault.instead} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
