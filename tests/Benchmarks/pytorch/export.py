"""Writes one of bench.py's networks as an ONNX file with the weights of a safetensors file, for `dotnet run ... -- onnx`.
Says by what it was written.

    python3 tests/Benchmarks/pytorch/export.py NETWORK WEIGHTS.safetensors NETWORK.onnx
"""
import inspect
import json
import sys

import torch

from bench import NETWORKS

OPSET = 17


def read_weights(path):
    """A safetensors file of float32: the header's length, the header, the numbers."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    weights = {}
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"'{key}' is {entry['dtype']}, not F32")
        begin, end = entry["data_offsets"]
        weights[key] = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=start + begin).reshape(entry["shape"])
    return weights


def main():
    name, weights, file = sys.argv[1:]
    case = NETWORKS[name]
    network = case.make()
    network.load_state_dict(read_weights(weights))
    names = ["x", "timesteps", "output"]
    # Later versions of PyTorch have a second way to export, which needs more packages.
    way = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        network.eval(), (torch.zeros(2, 3, case.size, case.size), torch.zeros(2, dtype=torch.int64)), file,
        input_names=names[:2], output_names=names[2:], dynamic_axes={name: {0: "batch"} for name in names}, opset_version=OPSET, **way)
    print(f"PyTorch {torch.__version__}, opset {OPSET}")


if __name__ == "__main__":
    main()
