"""Tasks as Python objects: a handle, and the ``with`` block that begins and ends one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

from ._integers import task_number
from .errors import Error
from .records import Phase, TaskInfo

if TYPE_CHECKING:
    from .network import Network

__all__ = ["Task", "TaskContext"]


class Task:
    """A task's handle: its number, usable wherever a task is asked for."""

    def __init__(self, network: "Network", number: int) -> None:
        self._network = network
        self.number = task_number(number, "number")

    def __int__(self) -> int:
        return self.number

    __index__ = __int__

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Task):
            return self._network is other._network and self.number == other.number
        return isinstance(other, int) and self.number == other

    def __hash__(self) -> int:
        return hash(self.number)

    def __repr__(self) -> str:
        return f"<swiftcl.Task {self.number}>"

    @property
    def info(self) -> TaskInfo:
        """What is known of the task now."""
        return self._network.task_info(self.number)

    @property
    def open(self) -> bool:
        """Whether the task is being trained."""
        try:
            return self.info.phase in (Phase.COMPETE, Phase.SPECIALISE)
        except Error:
            return False


class TaskContext:
    """What :meth:`swiftcl.Network.task` returns; ``with`` begins the task and gives its handle."""

    def __init__(self, network: "Network", options: Dict[str, Any]) -> None:
        self._network = network
        self._options = options
        self._task: Optional[Task] = None

    def __enter__(self) -> Task:
        if self._task is not None:
            raise RuntimeError("this task was begun already; ask the network for another")
        self._task = self._network.begin_task(**self._options)
        return self._task

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        assert self._task is not None
        if self._network.closed or not self._task.open:
            return  # ended, aborted or closed inside the block
        if kind is None:
            self._network.end_task()
        else:
            self._network.abort_task()
