"""ONNX models of the requests that inference libraries can answer: convolutions, products, networks exported from torchvision."""

import io
from typing import Any

import numpy as np

from protocol import Request

Model = tuple[bytes, dict[str, np.ndarray]]
OPSET = 18


def single(node_type: str, inputs: dict[str, np.ndarray], constants: dict[str, np.ndarray], **attributes: Any) -> Model:
    """A model of one node."""
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node(node_type, [*inputs, *constants], ["out"], **attributes)],
        "single",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape) for name, value in inputs.items()],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    return model.SerializeToString(), inputs


def uniform(*sizes: int) -> np.ndarray:
    return (np.random.default_rng(1).random(sizes, dtype=np.float32) - np.float32(0.5)).astype(np.float32)


def conv_model(request: Request) -> Model:
    """The weight is a constant, as in a deployed network."""
    if request["which"] != "forward":
        raise NotImplementedError("inference only")
    n, c, h, w, o, kh, kw = (request[key] for key in ("n", "c", "h", "w", "o", "kh", "kw"))
    groups, padding, stride = request.get("groups", 1), request.get("padding", 0), request.get("stride", 1)
    return single(
        "Conv",
        {"x": uniform(n, c, h, w)},
        {"weight": uniform(o, c // groups, kh, kw)},
        kernel_shape=[kh, kw],
        pads=[padding] * 4,
        strides=[stride] * 2,
        group=groups,
    )


def network_model(request: Request) -> Model:
    """torchvision's network with random weights."""
    import torch

    from torch_models import network

    size = request["size"]
    images = torch.randn(request["batch"], 3, size, size)
    file = io.BytesIO()
    model = network(request["network"]).eval()
    torch.onnx.export(model, (images,), file, input_names=["x"], opset_version=OPSET, dynamo=False)
    return file.getvalue(), {"x": images.numpy()}


MODELS = {"conv": conv_model, "inference": network_model}
