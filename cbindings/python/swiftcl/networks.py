"""Well-known networks as lists of layers, made by the library's ``swiftcl_describe_...`` calls.

Every hidden layer competes per task in blocks of ``block_size``, which divides
its width, has biases, and ReLU behind it. The lists are the caller's: change a
layer, put one in, or pass them on to :class:`swiftcl.Network` as they are.
"""

from __future__ import annotations

import ctypes
from typing import Any, List, Optional, Sequence, Tuple

from ._abi import abi
from ._integers import integer
from ._library import Library, default_library

__all__ = ["alexnet", "lenet", "mlp", "resnet18"]

_u32 = ctypes.c_uint32


def mlp(
    widths: Sequence[int], block_size: int = 4, classes: int = 10, *, library: Any = None
) -> List[ctypes.Structure]:
    """Dense layers of these widths one behind the other, and the head."""
    return _described(library, "mlp", *_widths(widths), _number(block_size, "block_size"), _number(classes, "classes"))


def lenet(
    block_size: int = 5, classes: int = 10, image: Tuple[int, int] = (32, 32),
    widths: Optional[Sequence[int]] = None, *, library: Any = None,
) -> List[ctypes.Structure]:
    """LeNet: two convolutions with pooling, two dense layers; by default 20, 50, 800 and 500 wide.

    ``image`` is (height, width). The large one is ``widths=(64, 128, 2500,
    1500), block_size=4``, the small one ``widths=(10, 20, 500, 300)``.
    """
    return _described(
        library, "lenet", *_image(image), *_widths(widths), _number(block_size, "block_size"),
        _number(classes, "classes"))


def alexnet(
    block_size: int = 4, classes: int = 10, image: Tuple[int, int] = (32, 32), normalised: bool = False,
    widths: Optional[Sequence[int]] = None, *, library: Any = None,
) -> List[ctypes.Structure]:
    """The AlexNet-like network: three convolutions with pooling, two dense layers, dropout behind each.

    ``normalised`` puts a batch normalisation before each ReLU. ``image`` is
    (height, width), both 19 or more; the widths are 64, 128, 256, 2048 and 2048
    by default.
    """
    return _described(
        library, "alexnet", *_image(image), *_widths(widths), _number(block_size, "block_size"),
        _number(classes, "classes"), int(bool(normalised)))


def resnet18(
    width: int = 20, block_size: int = 4, classes: int = 10, image: Tuple[int, int] = (32, 32), *, library: Any = None
) -> List[ctypes.Structure]:
    """ResNet-18 as it is used on CIFAR: stages of ``width``, 2, 4 and 8 times ``width`` maps.

    ``image`` is (height, width). 20 is the reduced network, 64 the usual one.
    """
    return _described(
        library, "resnet18", *_image(image), _number(width, "width"), _number(block_size, "block_size"),
        _number(classes, "classes"))


def _number(value: Any, name: str) -> int:
    return integer(value, _u32, name)


def _image(image: Tuple[int, int]) -> Tuple[int, int]:
    height, width = image
    return _number(height, "image[0]"), _number(width, "image[1]")


def _widths(widths: Optional[Sequence[int]]) -> Tuple[Any, int]:
    if widths is None:
        return None, 0
    numbers = [_number(value, f"widths[{index}]") for index, value in enumerate(widths)]
    return (_u32 * max(1, len(numbers)))(*numbers), len(numbers)


def _described(library: Any, name: str, *arguments: Any) -> List[ctypes.Structure]:
    loaded = library if isinstance(library, Library) else Library(library) if library else default_library()
    describe, count = getattr(loaded, f"swiftcl_describe_{name}"), _u32()
    loaded.check(describe(None, 0, ctypes.byref(count), *arguments))
    layers = (abi.structs["swiftcl_layer"] * count.value)()
    loaded.check(describe(layers, count.value, ctypes.byref(count), *arguments))
    # One struct each, so that a list may be changed like any other.
    return [type(layer).from_buffer_copy(layer) for layer in layers]
