"""PyTorch peer: answers every kind of request (see README.md).  python pytorch.py --threads N"""

import torch

from protocol import serve_kinds, take_stdout, threads_option
from torch_kernels import KERNELS
from torch_loading import LOADING
from torch_networks import NETWORKS

if __name__ == "__main__":
    channel = take_stdout()
    torch.set_num_threads(threads_option())
    serve_kinds(channel, {"peer": "PyTorch", "version": torch.__version__}, {**KERNELS, **NETWORKS, **LOADING})
