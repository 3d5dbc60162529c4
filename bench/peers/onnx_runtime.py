"""ONNX Runtime peer: forward passes, fp32.  python onnx_runtime.py --threads N"""

import onnxruntime

from onnx_models import MODELS, Model
from protocol import Call, serve_kinds, take_stdout, threads_option

threads = threads_option()


def session(model: Model) -> Call:
    data, inputs = model
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    run = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]).run
    return lambda: run(None, inputs)


if __name__ == "__main__":
    kinds = {kind: (lambda request, make=make: session(make(request))) for kind, make in MODELS.items()}
    serve_kinds(take_stdout(), {"peer": "ONNX Runtime", "version": onnxruntime.__version__}, kinds)
