"""The faults in the code of the article that this product grew from, each done again on purpose.

The article's code cannot run, and its results show no result. Every fault is a snippet in words of
our own, with what the framework really says to it, or shows where it says nothing.
``python -m tests.probes.article_faults`` prints the table of ``docs/case-image-classification.md``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Fault:
    """One fault: what is wrong, a snippet that commits it, and what comes of it.

    Exactly one of `raises` (the exception and a part of its message) and `shows` (what the snippet
    leaves in `seen`, in words or as its value) says what happens.
    """

    id: str
    what: str
    code: str
    repair: str
    raises: tuple[str, str] | None = None
    shows: str | None = None


_JAX = """
import jax, jax.numpy as jnp, numpy as np
x, labels = jnp.ones((64, 784)), jnp.zeros(64, int)
w1, w2 = jnp.ones((784, 256)), jnp.ones((256, 10))
"""
_TORCH = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
"""

JAX_FAULTS = (
    Fault(
        "JX-01",
        "imports the settings as if they were a module",
        "import jax.config",
        "`jax.config.update(...)` after `import jax`",
        raises=("ModuleNotFoundError", "No module named 'jax.config'"),
    ),
    Fault(
        "JX-02",
        "imports `lax` and never uses it",
        "from jax import lax\nseen = 'nothing is raised'",
        "leave it out",
        shows="nothing is raised",
    ),
    Fault(
        "JX-03",
        "reads the data through a module that JAX does not have",
        "jax.data.Dataset.from_tensor_slices((x, labels))",
        "NumPy permutations, Grain, or PyTorch's DataLoader",
        raises=("AttributeError", "module 'jax' has no attribute 'data'"),
    ),
    Fault(
        "JX-04",
        "trains on images that nothing has loaded",
        "batch = train_images[:64]",
        "load the data",
        raises=("NameError", "name 'train_images' is not defined"),
    ),
    Fault(
        "JX-05",
        "throws the labels away, so that there is no loss",
        """
        def outputs(features, label):
            del label
            return jnp.tanh(features)
        same = (outputs(x, labels) == outputs(x, labels + 1)).all()
        seen = f'equal for other labels: {bool(same)}'
        """,
        "the mean softmax cross-entropy of logits and labels",
        shows="equal for other labels: True",
    ),
    Fault(
        "JX-06",
        "multiplies 784 features by the second layer's 256 rows",
        "jnp.dot(x, w2)",
        "the first layer, then the second",
        raises=(
            "TypeError",
            "requires contracting dimensions to have the same shape, got (784,) and (256,)",
        ),
    ),
    Fault(
        "JX-07",
        "makes the first layer's weights and never uses them; no biases; tanh of the input",
        """
        def outputs(w1, features):
            return jnp.tanh(features)
        slope = jax.grad(lambda w: outputs(w, x).sum())(w1)
        seen = f'largest gradient of w1: {float(jnp.abs(slope).max())}'
        """,
        "a tree of w1, b1, w2, b2, and ReLU of the hidden layer",
        shows="largest gradient of w1: 0.0",
    ),
    Fault(
        "JX-08",
        "reads the weights as a global inside a compiled function",
        """
        weight = jnp.float32(1.0)
        compiled = jax.jit(lambda v: v * weight)
        before = float(compiled(3.0))
        weight = jnp.float32(2.0)
        seen = f'{before}, and after the weight has changed {float(compiled(3.0))}'
        """,
        "parameters are an argument",
        shows="3.0, and after the weight has changed 3.0",
    ),
    Fault(
        "JX-09",
        "calls `value_and_grad` of outputs an optimizer",
        "jax.jit(jax.value_and_grad(lambda features: features @ w1 @ w2))(x)",
        "a scalar loss; `optax.adam(1e-3)` with `init` and `update`",
        raises=("TypeError", "Gradient only defined for scalar-output functions"),
    ),
    Fault(
        "JX-10",
        "takes the gradient by the first argument, which is the data",
        """
        def loss(features, weights):
            return (features @ weights).mean()
        seen = f'a gradient of shape {jax.grad(loss)(x, w1).shape}'
        """,
        "parameters first, or `argnums`",
        shows="a gradient of shape (64, 784)",
    ),
    Fault(
        "JX-11",
        "hands a function to a compiled function",
        """
        def outputs(features):
            return features
        jax.jit(lambda function, features, label: features)(outputs, x, labels)
        """,
        "`step(parameters, optimizer_state, x, y)`",
        raises=("TypeError", "Error interpreting argument"),
    ),
    Fault(
        "JX-12",
        "takes gradient and value in the wrong order",
        """
        grads, value = jax.value_and_grad(lambda w: (x @ w).mean())(w1)
        seen = f'the "gradient" has shape {grads.shape}, the "value" {value.shape}'
        """,
        "`loss, grads = ...`",
        shows='the "gradient" has shape (), the "value" (784, 256)',
    ),
    Fault(
        "JX-13",
        "differentiates an array",
        "jax.grad(x @ w1)(x, labels)",
        "one `value_and_grad` of the loss a step",
        raises=("TypeError", "Expected a callable value"),
    ),
    Fault(
        "JX-14",
        "calls a function that was removed",
        "jax.tree_map(lambda leaf: leaf, w1)",
        "`jax.tree.map`",
        raises=("AttributeError", "module 'jax' has no attribute 'tree_map'"),
    ),
    Fault(
        "JX-15",
        "computes an update and drops the result: arrays do not change in place",
        """
        grads = jnp.ones_like(w1)
        jax.tree.map(lambda w, g: w - 0.001 * g, w1, grads)
        seen = f'weights as before: {bool((w1 == 1).all())}'
        """,
        "`parameters = optax.apply_updates(parameters, updates)`",
        shows="weights as before: True",
    ),
    Fault(
        "JX-16",
        "means plain gradient descent, beside Adam in PyTorch",
        """
        import optax
        def first_update(optimizer):
            update, _ = optimizer.update(jnp.float32(0.5), optimizer.init(jnp.float32(1.0)))
            return f'{float(update):.4f}'
        sgd, adam = first_update(optax.sgd(1e-3)), first_update(optax.adam(1e-3))
        seen = f'first update of a gradient of 0.5: {sgd} and {adam}'
        """,
        "the same optimizer, rate, first weights and batches",
        shows="first update of a gradient of 0.5: -0.0005 and -0.0010",
    ),
    Fault(
        "JX-17",
        "makes keys of the old kind, one unrelated to the other",
        """
        old, new = jax.random.PRNGKey(0), jax.random.key(0)
        seen = f'{old.dtype} {old.shape} instead of {new.dtype} {new.shape}'
        """,
        "one `jax.random.key`, split",
        shows="uint32 (2,) instead of key<fry> ()",
    ),
    Fault(
        "JX-18",
        "draws weights with a standard deviation of 1, whatever the number of inputs",
        """
        wide = jax.random.normal(jax.random.key(0), (784, 256))
        spread = float((x @ wide).std())
        seen = f'hidden values spread by more than 20: {spread > 20}'
        """,
        "`jax.nn.initializers.he_uniform()`",
        shows="hidden values spread by more than 20: True",
    ),
    Fault(
        "JX-19",
        "compiles no whole step, and stops a clock without waiting",
        """
        big = jnp.ones((1500, 1500))
        product = jax.jit(lambda a: a @ a @ a)
        product(big).block_until_ready()
        early = any(not product(big).is_ready() for _ in range(20))
        seen = f'the call returned before the result was there: {early}'
        """,
        "`jax.jit` of the step, and `block_until_ready` before the clock stops",
        shows="the call returned before the result was there: True",
    ),
    Fault(
        "JX-20",
        "calls its own code, once more, its results",
        """
        def run():
            params = {'w1': w1, 'w2': w2}
        with contextlib.redirect_stdout(io.StringIO()) as out:
            run()
        seen = f'characters printed: {len(out.getvalue())}'
        """,
        "print what was reached",
        shows="characters printed: 0",
    ),
)

TORCH_FAULTS = (
    Fault(
        "PT-1",
        "reads a data set that nothing has made",
        "DataLoader(train_dataset, batch_size=64)",
        "make the data set",
        raises=("NameError", "name 'train_dataset' is not defined"),
    ),
    Fault(
        "PT-2",
        "hands images to a dense layer",
        "model(torch.ones(64, 1, 28, 28))",
        "`nn.Flatten()` first",
        raises=("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (1792x28 and 784x256)"),
    ),
    Fault(
        "PT-3",
        "loads the data in the same order in every epoch",
        """
        loader = DataLoader(TensorDataset(torch.arange(128)), batch_size=64)
        first, second = ([batch[0].tolist() for batch in loader] for _ in range(2))
        seen = f'both epochs alike: {first == second}'
        """,
        "`shuffle=True`",
        shows="both epochs alike: True",
    ),
    Fault(
        "PT-4",
        "neither sets a seed, nor a device, nor evaluates",
        """
        def first_weight():
            return nn.Linear(4, 4).weight
        same = torch.equal(first_weight(), first_weight())
        seen = f'device {next(model.parameters()).device}; two starts alike: {same}'
        """,
        "a seed, a device, `model.eval()` and an accuracy on data that was kept apart",
        shows="device cpu; two starts alike: False",
    ),
    Fault(
        "PT-5",
        "shows the same block six times and no result",
        """
        with contextlib.redirect_stdout(io.StringIO()) as out:
            model(torch.ones(1, 784))
        seen = f'characters printed: {len(out.getvalue())}'
        """,
        "print what was reached",
        shows="characters printed: 0",
    ),
)


def happens(fault: Fault, before: str) -> str:
    """What comes of *fault*: the exception with its first line, or what the snippet shows."""
    names: dict[str, object] = {"contextlib": contextlib, "io": io}
    exec(before, names)
    try:
        exec(dedent(fault.code), names)
    except Exception as error:  # noqa: BLE001  (whatever comes is the finding)
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return str(names.get("seen", ""))


def observed(framework: str) -> dict[str, str]:
    """What comes of every fault of *framework*, by id; imports the framework."""
    faults, before = (JAX_FAULTS, _JAX) if framework == "jax" else (TORCH_FAULTS, _TORCH)
    return {fault.id: happens(fault, before) for fault in faults}


def expected(fault: Fault, seen: str) -> bool:
    """Whether *seen* is what *fault* says."""
    if fault.raises is None:
        return seen == fault.shows
    kind, part = fault.raises
    return seen.startswith(f"{kind}: ") and part in seen


def table(faults: Sequence[Fault]) -> str:
    """The faults as Markdown."""
    rows = ["| | the code | what happens | instead |", "| --- | --- | --- | --- |"]
    for fault in faults:
        told = f"`{': '.join(fault.raises)}`" if fault.raises else fault.shows
        rows.append(f"| {fault.id} | {fault.what} | {told} | {fault.repair} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table(JAX_FAULTS), table(TORCH_FAULTS), sep="\n\n")
