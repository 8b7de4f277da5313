"""Data sets as the files hold them: gzip, IDX and NPY, read with numpy alone."""

import ast
import gzip
import os
import sys
from pathlib import Path

import numpy as np

from .settings import ROOT


def folder(name):
    """The folder of a data set under SWIFTCL_DATA (default ../shared/data beside the repository)."""
    base = Path(os.environ.get("SWIFTCL_DATA") or ROOT.parent / "shared" / "data")
    path = base / name
    if not path.is_dir():
        sys.exit(f"no {name} data: set SWIFTCL_DATA to the folder that holds {name}/")
    return path


def read_idx(path):
    """An IDX file: magic 00 00 type dimensions, big-endian sizes, values."""
    raw = gzip.decompress(path.read_bytes())
    if raw[:2] != b"\0\0" or raw[2] not in (0x08, 0x0B):
        raise ValueError(f"{path.name} is not an IDX file of bytes or shorts")
    shape = [int.from_bytes(raw[4 + 4 * i:8 + 4 * i], "big") for i in range(raw[3])]
    dtype = np.dtype(np.uint8) if raw[2] == 0x08 else np.dtype(">i2")
    values = np.frombuffer(raw, dtype, offset=4 + 4 * raw[3]).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def read_npy(path):
    """An NPY file of format 1.0."""
    raw = gzip.decompress(path.read_bytes())
    if raw[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError(f"{path.name} is not an NPY 1.0 file")
    length = int.from_bytes(raw[8:10], "little")
    header = ast.literal_eval(raw[10:10 + length].decode("ascii"))
    if header["fortran_order"]:
        raise ValueError(f"{path.name} is in Fortran order")
    return np.frombuffer(raw, np.dtype(header["descr"]), offset=10 + length).reshape(header["shape"])


def mnist():
    """(x_train, y_train, x_test, y_test): x uint8 (rows, 784), y int32 (rows,)."""
    path = folder("mnist")
    return (
        read_idx(path / "train-images-idx3-ubyte.gz").reshape(-1, 784),
        read_idx(path / "train-labels-idx1-ubyte.gz").astype(np.int32),
        read_idx(path / "t10k-images-idx3-ubyte.gz").reshape(-1, 784),
        read_idx(path / "t10k-labels-idx1-ubyte.gz").astype(np.int32),
    )


#: Bytes to (x - .1307) / .3081 with x in [0, 1], as the network's input options.
MNIST_INPUT = dict(inputs=784, input_type="u8", input_scale=1 / (255 * 0.3081), input_offset=-0.1307 / 0.3081)


def hapt():
    """All windows of the 30 people: x int16 (rows, 768), and y, subject, experiment, start (rows,)."""
    path = folder("uci-hapt")
    parts = {}
    for name in ("x", "y", "subject", "experiment", "start"):
        parts[name] = np.concatenate([read_npy(path / f"{part}_{name}.npy.gz") for part in ("train", "test")])
    parts["x"] = parts["x"].reshape(len(parts["x"]), -1)
    return parts


def cifar10():
    """(x_train, y_train, x_test, y_test): x uint8 (rows, 3072), red, green and blue one after the other; y int32."""
    parts = []
    for name in ("train", "test"):
        records = np.frombuffer(gzip.decompress((folder("cifar10") / f"{name}.bin.gz").read_bytes()), np.uint8)
        records = records.reshape(-1, 3073)
        parts += [np.ascontiguousarray(records[:, 1:]), records[:, 0].astype(np.int32)]
    return tuple(parts)


#: Each channel to mean 0 and deviation 1 over CIFAR-10's training images, in [0, 1].
CIFAR_MEAN, CIFAR_DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
CIFAR_INPUT = dict(
    inputs=3072, input_type="u8", input_channels=3, input_layout="planar",
    input_scale=[1 / (255 * deviation) for deviation in CIFAR_DEVIATION],
    input_offset=[-mean / deviation for mean, deviation in zip(CIFAR_MEAN, CIFAR_DEVIATION)])


def omniglot(characters):
    """The first characters, uint8 (characters, 20 people, 28, 28), white strokes on black."""
    parts = [read_idx(folder("omniglot") / f"{part}-images-idx3-ubyte.gz") for part in ("background", "evaluation")]
    return np.concatenate(parts)[:20 * characters].reshape(-1, 20, 28, 28)
