"""OpenVINO peer: forward passes in fp32, which it does not choose by itself where the CPU has bfloat16.  python open_vino.py --threads N"""

import openvino

from onnx_models import MODELS, Model
from protocol import Call, serve_kinds, take_stdout, threads_option

threads = threads_option()
core = openvino.Core()


def compiled(model: Model) -> Call:
    data, inputs = model
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(core.read_model(data), "CPU", settings).create_infer_request()
    request.set_tensors({name: openvino.Tensor(value) for name, value in inputs.items()})
    return request.infer


if __name__ == "__main__":
    kinds = {kind: (lambda request, make=make: compiled(make(request))) for kind, make in MODELS.items()}
    serve_kinds(take_stdout(), {"peer": "OpenVINO", "version": openvino.__version__.split("-")[0]}, kinds)
