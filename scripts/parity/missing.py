"""Lists public names of PyTorch that docs/parity.json lacks: `python scripts/parity/missing.py`, with torch and torchvision installed.

Left out is what is no function of the documented kind: types, internals of kernels and of other devices, copies of views.
"""

import importlib
import json
import os
import re
import types

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "parity.json")
INTERNAL = re.compile(
    r"^(cudnn|miopen|mkldnn|fbgemm|native|sym|batch_norm_|q_|quantize|autocast_|get_autocast|set_autocast|is_autocast|import_ir|parse_|"
    r"unsafe_|has_torch_function|handle_torch|fused_|choose_)|_copy$|(Storage|Tensor|Type|Error|Info)$"
)


def names(space: str, place: object) -> list[str]:
    found = []
    for name in dir(place):
        value = getattr(place, name, None)
        is_type = isinstance(value, type) and space in ("torch", "torch.nn.functional", "torch.autograd")
        if name.startswith("_") or INTERNAL.search(name) or isinstance(value, types.ModuleType) or is_type:
            continue
        module = getattr(value, "__module__", None) or ""
        if callable(value) and not module.startswith(("typing", "collections", "functools", "bisect", "copy")):
            found.append(name)
    return found


def main() -> None:
    with open(TABLE, encoding="utf-8") as file:
        sections = json.load(file)["sections"]
    for section in sections:
        space = section["name"]
        try:
            place = importlib.import_module(space)
        except ImportError:
            module, _, name = space.rpartition(".")
            place = getattr(importlib.import_module(module), name)
        known = {row["name"] for row in section["rows"]}
        missing = [name for name in names(space, place) if name not in known]
        print(f"{space}: {' '.join(missing) or 'nothing'}")


if __name__ == "__main__":
    main()
