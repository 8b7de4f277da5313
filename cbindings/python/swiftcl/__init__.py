"""Continual learning for edge devices: the Python face of libswiftcl.

A network learns one task after another and forgets none: units compete in
blocks, the winners of a task become its ticket, and a finished ticket never
changes. See :class:`Network` to begin with.
"""

from ._abi import abi as _abi
from ._header import HeaderError
from ._library import Library, default_library
from ._streams import Reader as _Reader
from .errors import *  # noqa: F401,F403
from .errors import __all__ as _errors
from .evaluation import AccuracyMatrix, ProtocolMatrices, score, steps
from .network import OPEN, UNTIL_END, Network
from .networks import alexnet, lenet, mlp, resnet18
from .options import (
    add, average_pool, batch_norm, conv, dense, describe, dropout, flatten, forecast, global_pool, head, max_pool,
    option_names, option_values, plan, propose,
)
from .records import *  # noqa: F401,F403
from .records import __all__ as _records
from .task import Task, TaskContext
from .ticket import Ticket, compare_tickets, predict_tickets

#: Every constant of the header by its C name.
constants = dict(_abi.constants)
#: Every struct of the header as a ctypes class, by its C name.
structs = dict(_abi.structs)

__version__ = "{SWIFTCL_VERSION_MAJOR}.{SWIFTCL_VERSION_MINOR}.{SWIFTCL_VERSION_PATCH}".format(**constants)


def inspect(source, *, library=None):
    """What a checkpoint holds, as :class:`CheckpointInfo`: from a path or a binary stream."""
    import ctypes

    from .network import _library
    from .options import sized

    if not hasattr(source, "read"):
        with open(source, "rb") as file:
            return inspect(file, library=library)
    loaded, result = _library(library), sized("swiftcl_checkpoint_info")
    with _Reader(source) as reader:
        loaded.check(loaded.swiftcl_checkpoint_inspect(reader.callback, None, ctypes.byref(result)))
    return CheckpointInfo._read(result)  # noqa: F405


__all__ = [
    "AccuracyMatrix", "HeaderError", "Library", "Network", "OPEN", "ProtocolMatrices", "Task", "TaskContext", "Ticket", "UNTIL_END",
    "add", "alexnet", "average_pool", "batch_norm", "compare_tickets", "constants", "conv", "default_library", "dense", "describe", "dropout",
    "flatten", "forecast", "global_pool", "head", "inspect", "lenet", "max_pool", "mlp", "option_names", "option_values",
    "plan", "predict_tickets", "propose", "resnet18", "score", "steps", "structs", "__version__", *_errors, *_records,
]
