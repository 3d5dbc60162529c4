"""JAX peer: compiled by XLA.  python jax_xla.py --threads N

XLA on the CPU takes its number of threads from the process's processor mask, so the mask is set before it starts.
"""

import os

from protocol import Call, Request, serve_kinds, take_stdout, threads_option

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: threads_option()])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402


def uniform(seed: int, *sizes: int) -> jax.Array:
    return jax.random.uniform(jax.random.key(seed), sizes, minval=-0.5, maxval=0.5)


def compiled(function, *arguments: jax.Array) -> Call:
    run = jax.jit(function)
    return lambda: jax.block_until_ready(run(*arguments))


def matmul(request: Request) -> Call:
    m, n, k, batch = request["m"], request["n"], request["k"], request.get("batch", 0)
    trans_a, trans_b = request.get("transA", False), request.get("transB", False)
    lead = (batch,) if batch else ()
    left = uniform(1, *lead, *((k, m) if trans_a else (m, k)))
    right = uniform(2, *lead, *((n, k) if trans_b else (k, n)))

    def product(a: jax.Array, b: jax.Array) -> jax.Array:
        return (a.swapaxes(-1, -2) if trans_a else a) @ (b.swapaxes(-1, -2) if trans_b else b)

    return compiled(product, left, right)


def conv(request: Request) -> Call:
    n, c, h, w, o, kh, kw = (request[key] for key in ("n", "c", "h", "w", "o", "kh", "kw"))
    stride, padding, groups = request.get("stride", 1), request.get("padding", 0), request.get("groups", 1)
    data, weight = uniform(1, n, c, h, w), uniform(2, o, c // groups, kh, kw)

    def forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(
            x, kernel, (stride, stride), [(padding, padding)] * 2, feature_group_count=groups
        )

    if request["which"] == "forward":
        return compiled(forward, data, weight)
    upstream = jnp.ones_like(forward(data, weight))
    which = 0 if request["which"] == "dataGrad" else 1
    return compiled(lambda x, kernel, grad: jax.vjp(forward, x, kernel)[1](grad)[which], data, weight, upstream)


def pointwise(request: Request) -> Call:
    columns = request["columns"]
    x, y = (jax.random.normal(jax.random.key(seed), (request["rows"], columns)) for seed in (1, 2))
    weight, bias = (jax.random.normal(jax.random.key(seed), (columns,)) for seed in (3, 4))

    def layer_norm(x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
        return jax.nn.standardize(x, axis=1, epsilon=1e-5) * weight + bias

    functions = {
        "softmax": (lambda x: jax.nn.softmax(x, axis=1), x),
        "layerNorm": (layer_norm, x, weight, bias),
        "layerNormGrad": (lambda x, w, b, grad: jax.vjp(layer_norm, x, w, b)[1](grad), x, weight, bias, y),
        "gelu": (lambda x: jax.nn.gelu(x, approximate=False), x),
        "chain": (lambda x, y, b: jnp.tanh(x * y + b) * jax.nn.sigmoid(x) - y / (1 + x * x), x, y, bias),
        "sum": (lambda x: x.sum(1), x),
    }
    function, *arguments = functions[request["op"]]
    return compiled(function, *arguments)


def training(request: Request) -> Call:
    """The MLP with SGD and momentum."""
    if request["network"] != "mlp":
        raise NotImplementedError("the MLP only")
    sizes = [784, 256, 128, 10]
    parameters = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        parameters += [uniform(i, inputs, outputs) / inputs**0.5, jnp.zeros(outputs)]
    images = jax.random.normal(jax.random.key(9), (request["batch"], 784))
    labels = jax.random.randint(jax.random.key(10), (request["batch"],), 0, 10)

    def loss(parameters: list[jax.Array]) -> jax.Array:
        x = images
        for i in range(0, 6, 2):
            x = x @ parameters[i] + parameters[i + 1]
            x = jax.nn.relu(x) if i < 4 else x
        return -jnp.take_along_axis(jax.nn.log_softmax(x), labels[:, None], 1).mean()

    @jax.jit
    def update(state):
        parameters, moments = state
        value, gradients = jax.value_and_grad(loss)(parameters)
        moments = [0.9 * m + g for m, g in zip(moments, gradients)]
        return value, ([p - 0.01 * m for p, m in zip(parameters, moments)], moments)

    state = [(parameters, [jnp.zeros_like(p) for p in parameters])]

    def call() -> None:
        value, state[0] = update(state[0])
        jax.block_until_ready(state[0])

    return call


if __name__ == "__main__":
    kinds = {"matmul": matmul, "conv": conv, "pointwise": pointwise, "training": training}
    serve_kinds(take_stdout(), {"peer": "JAX", "version": jax.__version__}, kinds)
