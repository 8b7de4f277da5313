"""Layers and options: Python values into the structs of the description.

Every field has the name it has in ``swiftcl_types.h``. A field whose values
are constants takes them by name too: ``sampler="gumbel"`` is
``SWIFTCL_SAMPLER_GUMBEL``, and where constants may be added,
``sparsity_kind="filter+block"`` is both.
"""

from __future__ import annotations

import ctypes
import difflib
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np

from ._abi import abi
from ._arrays import INPUT_DTYPES
from ._integers import integer
from ._library import Library
from .records import Change, Forecast, Plan, Proposal

__all__ = [
    "add", "average_pool", "batch_norm", "conv", "dense", "describe", "dropout", "flatten", "forecast", "global_pool", "head", "max_pool",
    "option_names", "option_values", "plan", "propose",
]

_OWN = ("struct_size", "layer_count", "layers", "allocator", "reserved")  # set here, not by the caller
_FLAGS = ("sparsity_kind",)  # the values of these may be added


def _settable(struct: str) -> List[str]:
    return [f.name for f in abi.header.structs[struct] if f.name not in _OWN]


def option_names() -> List[str]:
    """The options a network takes by keyword: the fields of ``swiftcl_options``."""
    return _settable("swiftcl_options")


def option_values(name: str) -> List[str]:
    """The names an option takes, for example those of ``sampler``; empty if it is a number."""
    for struct in ("swiftcl_options", "swiftcl_task_options", "swiftcl_layer"):
        if (struct, name) in abi.enums:
            return list(abi.enums[struct, name])
    return []


def describe(name: str) -> str:
    """What the header says about an option."""
    for struct in ("swiftcl_options", "swiftcl_task_options", "swiftcl_fit_options", "swiftcl_layer",
                   "swiftcl_class_head_options", "swiftcl_forecast_options"):
        for field in abi.header.structs[struct]:
            if field.name == name and name not in _OWN:
                values = ", ".join(option_values(name))
                return f"{name}: {field.doc}" + (f" ({values})" if values else "")
    raise ValueError(f"there is no option {name!r}")


def set_field(target: ctypes.Structure, name: str, value: Any) -> None:
    """Sets one field of an option struct, with the checks that ctypes leaves out."""
    struct = type(target).__name__
    names = _settable(struct)
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        raise TypeError(f"{struct} has no option {name!r}" + (f"; is {near[0]!r} meant?" if near else ""))
    kind = dict(type(target)._fields_)[name]  # type: ignore[misc]
    if kind in (ctypes.c_float, ctypes.c_double):
        setattr(target, name, float(value))
        return
    values = abi.enums.get((struct, name))
    if values is not None and isinstance(value, str):
        key = value.lower().replace("-", "_")
        keys = key.split("+") if name in _FLAGS else [key]
        if any(key not in values for key in keys):
            several = ", or several with +" if name in _FLAGS else ""
            raise ValueError(f"{name} is {value!r}, expected one of {', '.join(values)}{several}")
        value = sum(values[key] for key in set(keys))
    expected = "an integer" if values is None else "a name or an integer"
    setattr(target, name, integer(value, kind, name, expected=expected))


def dense(
    width: int, block_size: int = 1, activation: Any = "relu", competition: Any = "task", source: Optional[int] = None
) -> ctypes.Structure:
    """A layer of ``width`` units in blocks of ``block_size`` that compete.

    ``activation`` is "relu" or "none"; ``competition`` "task" (one winner per
    block and task) or "sample" (one per block and row). ``source`` is the index
    of the layer it reads, by default the one before.
    """
    return _layer(
        "DENSE", width=width, block_size=block_size, activation=activation, competition=competition,
        source=_source(source))


def conv(
    maps: int, block_size: int = 1, kernel: Union[int, Tuple[int, int]] = 3, stride: int = 1, padding: int = 0,
    activation: Any = "relu", competition: Any = "task", image: Optional[Tuple[int, int]] = None,
    source: Optional[int] = None,
) -> ctypes.Structure:
    """A convolution of ``maps`` feature maps in blocks of ``block_size`` that compete.

    ``kernel`` is a side or (height, width). The first layer says which
    ``image`` the inputs are, (height, width); their channels are
    ``input_channels``, side by side ("interleaved") or one after the other
    ("planar"). Weights are ordered by row, column and map of the kernel.
    ``source`` is the index of the layer it reads, by default the one before.
    """
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    rows, columns = (0, 0) if image is None else image
    return _layer(
        "CONV2D", width=maps, block_size=block_size, activation=activation, competition=competition,
        kernel_height=height, kernel_width=width, stride=stride, padding=padding, input_height=rows,
        input_width=columns, source=_source(source))


def max_pool(kernel: Union[int, Tuple[int, int]] = 2, stride: int = 2, padding: int = 0) -> ctypes.Structure:
    """The largest of each window, map by map."""
    return _pool("MAX_POOL", kernel, stride, padding)


def average_pool(kernel: Union[int, Tuple[int, int]] = 2, stride: int = 2, padding: int = 0) -> ctypes.Structure:
    """The mean of each window, map by map; padding does not count."""
    return _pool("AVERAGE_POOL", kernel, stride, padding)


def global_pool() -> ctypes.Structure:
    """The mean of each map."""
    return _layer("GLOBAL_POOL")


def flatten() -> ctypes.Structure:
    """Maps as one row; dense layers and the head do so by themselves."""
    return _layer("FLATTEN")


def dropout(rate: float) -> ctypes.Structure:
    """While a task trains, this share of the outputs before it is 0 by chance, and the others so much larger."""
    return _layer("DROPOUT", rate=rate)


def batch_norm(rate: float = 0.0) -> ctypes.Structure:
    """Normalises what the dense layer or convolution before it sums up, before its gate and its activation.

    A step moves the running statistics by ``rate`` at least; 0 is 0.1. They,
    the scale and the shift are each task's own.
    """
    return _layer("BATCH_NORM", rate=rate)


def add(source: int, activation: Any = "relu") -> ctypes.Structure:
    """Adds what layer number ``source`` gives to what the layers before give, then the activation.

    The layer with parameters before it has ``activation="none"``. Layers that
    add up to one stream have one competition.
    """
    return _layer("ADD", source=_source(source), activation=activation)


def _source(index: Optional[int]) -> int:
    """The header counts from 1, so that 0 is the layer before."""
    if index is None:
        return 0
    index = integer(index, ctypes.c_int32, "source")
    if index < 0:
        raise ValueError(f"source is {index}, expected the index of an earlier layer")
    return index + 1


def _pool(kind: str, kernel: Union[int, Tuple[int, int]], stride: int, padding: int) -> ctypes.Structure:
    height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
    return _layer(kind, kernel_height=height, kernel_width=width, stride=stride, padding=padding)


def _layer(kind: str, **fields: Any) -> ctypes.Structure:
    layer = abi.structs["swiftcl_layer"]()
    set_field(layer, "kind", abi.constants[f"SWIFTCL_LAYER_{kind}"])
    for name, value in fields.items():
        set_field(layer, name, value)
    return layer


def head(classes: int) -> ctypes.Structure:
    """The last layer: one row for each class, or for each output of a regression."""
    return _layer("HEAD", width=classes, block_size=1)


def build_options(
    library: Library, layers: Sequence[ctypes.Structure], inputs: int, seed: int, preset: str, given: Dict[str, Any]
) -> Tuple[ctypes.Structure, List[Any]]:
    """The filled swiftcl_options and what must stay alive as long as it is used."""
    options = abi.structs["swiftcl_options"]()
    name = "swiftcl_options_init" + (f"_{preset}" if preset else "")
    if name not in abi.header.sized:
        known = [n[len("swiftcl_options_init_"):] for n in abi.header.sized if n.startswith("swiftcl_options_init_")]
        raise ValueError(f"preset is {preset!r}, expected one of {', '.join(known)}")
    initialise(library, options, name)
    layer_type = abi.structs["swiftcl_layer"]
    items = list(layers)
    for index, item in enumerate(items):
        if not isinstance(item, layer_type):
            raise TypeError(f"layers[{index}] is a {type(item).__name__}, expected what dense(), conv(), head() and the like return")
    array = (layer_type * len(items))(*items)
    options.layers, options.layer_count = array, len(items)
    keep: List[Any] = [array]
    set_field(options, "inputs", inputs)
    set_field(options, "seed", seed)
    given = dict(given)
    if isinstance(given.get("input_type"), (type, np.dtype)):
        wanted = np.dtype(given["input_type"])
        matching = [value for value, dtype in INPUT_DTYPES.items() if dtype == wanted]
        if not matching:
            raise TypeError(f"input_type is {wanted}, expected one of {', '.join(map(str, INPUT_DTYPES.values()))}")
        given["input_type"] = matching[0]
    channel_values = {key: given.pop(key) for key in ("input_scale", "input_offset") if key in given}
    phases = given.pop("mask_phases", None)
    for key, value in given.items():
        set_field(options, key, value)
    if phases is not None:
        steps = [(integer(step, ctypes.c_uint64, "step of a mask phase"), float(prune), float(grow)) for step, prune, grow in phases]
        options.mask_phases = (abi.structs["swiftcl_mask_phase"] * len(steps))(*steps)
        options.mask_phase_count = len(steps)
        keep.append(options.mask_phases)
    for key, value in channel_values.items():
        if value is None:
            continue
        channels = options.input_channels
        numbers = np.array(value, np.float32).ravel()
        if numbers.size == 1:
            numbers = np.repeat(numbers, channels)
        if numbers.size != channels:
            raise ValueError(f"{key} has {numbers.size} values, expected 1 or input_channels ({channels})")
        block = (ctypes.c_float * channels)(*numbers.tolist())
        setattr(options, key, block)
        keep.append(block)
    return options, keep


def plan(
    layers: Sequence[ctypes.Structure], inputs: int, *, preset: str = "", library: Any = None, **options: Any
) -> Plan:
    """What a network of this description needs, in bytes, without building it.

    Takes what :class:`swiftcl.Network` takes.
    """
    from ._library import default_library

    loaded = library if isinstance(library, Library) else Library(library) if library else default_library()
    seed = options.pop("seed", 0)
    struct, keep = build_options(loaded, layers, inputs, seed, preset, options)
    return plan_of(loaded, struct)


def plan_of(library: Library, options: ctypes.Structure) -> Plan:
    result = sized("swiftcl_plan")
    library.check(library.swiftcl_network_plan(ctypes.byref(options), ctypes.byref(result)))
    return Plan._read(result)


def propose(
    layers: Sequence[ctypes.Structure], inputs: int, bytes: int, *, allow: Union[str, Change] = "recompute",
    preset: str = "", library: Any = None, **options: Any
) -> Tuple[Dict[str, Any], Proposal]:
    """Options by which a network of this description fits into ``bytes``, and what they change.

    ``allow`` names what may be changed, several with ``+``: "recompute" (which
    changes no result), "sampler", "replay_u8", "draws", "batch", "rows"; "" only
    tells whether the network fits as it is. Further options are those of
    :class:`swiftcl.Network`; they come back changed, for it and for
    :func:`swiftcl.plan`. Raises :class:`swiftcl.BufferTooSmallError` when nothing
    fits: its message says what is missing.
    """
    from ._library import default_library

    loaded = library if isinstance(library, Library) else Library(library) if library else default_library()
    given = dict(options)
    seed = options.pop("seed", 0)
    struct, keep = build_options(loaded, layers, inputs, seed, preset, options)
    found = initialise(loaded, abi.structs["swiftcl_options"]())
    result = sized("swiftcl_proposal")
    allowed = _changes(allow)
    loaded.check(
        loaded.swiftcl_network_propose(
            ctypes.byref(struct), integer(bytes, ctypes.c_uint64, "bytes"), allowed, ctypes.byref(found),
            ctypes.byref(result)))
    for name in ("recompute", "sampler", "top_k", "replay_batch", "max_batch", "replay_u8", "replay_rows"):
        value = getattr(found, name)
        if value != getattr(struct, name):
            given[name] = value
    return given, Proposal._read(result)


def _changes(allow: Union[str, Change]) -> int:
    if not isinstance(allow, str):
        return integer(allow, ctypes.c_uint32, "allow", expected="names or SWIFTCL_CHANGE_ bits")
    known = abi.values("CHANGE_")
    keys = [key for key in allow.lower().replace("-", "_").split("+") if key]
    for key in keys:
        if key not in known:
            raise ValueError(f"allow is {allow!r}, expected one of {', '.join(known)}, or several with +")
    return sum(known[key] for key in set(keys))


def forecast(
    layers: Sequence[ctypes.Structure], inputs: int, samples: int, *, draws: int = 0, classes: int = 0, tasks: int = 0,
    kept_share: float = 1.0, preset: str = "", library: Any = None, **options: Any
) -> Forecast:
    """What a whole protocol costs in multiply-adds, dense and with the options' ``sparsity``, before it is run.

    ``samples`` rows are presented: rows of a task times its epochs, over all
    tasks. ``draws`` is 0 without replay, 1 with ER, DER and distillation, 2 with
    DER++; ``kept_share`` is what data removal leaves. Further options are those
    of :class:`swiftcl.Network`.
    """
    from ._library import default_library

    loaded = library if isinstance(library, Library) else Library(library) if library else default_library()
    seed = options.pop("seed", 0)
    struct, keep = build_options(loaded, layers, inputs, seed, preset, options)
    protocol = initialise(loaded, abi.structs["swiftcl_forecast_options"]())
    given = {"samples": samples, "draws": draws, "classes": classes, "tasks": tasks, "kept_share": kept_share}
    for name, value in given.items():
        set_field(protocol, name, value)
    result = sized("swiftcl_forecast")
    loaded.check(
        loaded.swiftcl_network_forecast(ctypes.byref(struct), ctypes.byref(protocol), ctypes.byref(result)))
    return Forecast._read(result)


def initialise(library: Library, options: ctypes.Structure, name: str = "") -> ctypes.Structure:
    """Fills an option struct with its defaults, telling the library its size."""
    name = name or f"{type(options).__name__}_init"
    library.check(getattr(library, f"{name}_sized")(ctypes.byref(options), ctypes.sizeof(options)))
    return options


def sized(struct: str) -> ctypes.Structure:
    """An empty struct with its struct_size set."""
    result = abi.structs[struct]()
    result.struct_size = ctypes.sizeof(result)
    return result


def class_array(classes: Iterable[int]) -> Any:
    """Class labels as a C array of int32, checked."""
    numbers = [integer(value, ctypes.c_int32, f"classes[{index}]") for index, value in enumerate(classes)]
    return (ctypes.c_int32 * len(numbers))(*numbers)
