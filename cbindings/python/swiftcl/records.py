"""What the library reports, as named tuples with the field names of the header."""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np

from ._abi import abi

__all__ = [
    "Accounting", "Capacity", "CheckpointInfo", "ClassHeadInfo", "Comparison", "DataInfo", "Evaluation", "FitReport", "Forecast",
    "Change", "LayerInfo", "MaskInfo", "Normalisation", "Phase", "Plan", "Progress", "Proposal", "ReplayInfo",
    "Scores", "Step", "TaskInfo", "TicketInfo", "WarningFlag",
]

#: Phase of a task: COMPETE, SPECIALISE, FINISHED, or NONE.
Phase = abi.enumeration("Phase", "PHASE_")
#: Bits of ``Plan.warnings``.
WarningFlag = abi.enumeration("WarningFlag", "WARN_", enum.IntFlag)

#: What ``propose`` may change, bit for bit.
Change = abi.enumeration("Change", "CHANGE_", enum.IntFlag)

Plan = abi.record("swiftcl_plan", {"warnings": WarningFlag})
Step = abi.record("swiftcl_step", {"phase": Phase})
TaskInfo = abi.record("swiftcl_task_info", {"phase": Phase})
LayerInfo = abi.record("swiftcl_layer_info")
MaskInfo = abi.record("swiftcl_mask_info")
Capacity = abi.record("swiftcl_capacity")
Accounting = abi.record("swiftcl_accounting")
Forecast = abi.record("swiftcl_forecast")
Proposal = abi.record("swiftcl_proposal", {"changes": Change, "affects": Change})
Scores = abi.record("swiftcl_scores")
Progress = abi.record("swiftcl_progress", {"phase": Phase})
FitReport = abi.record("swiftcl_fit_report")
ClassHeadInfo = abi.record("swiftcl_class_head_info", {"fitted": bool})
Evaluation = abi.record("swiftcl_evaluation")
ReplayInfo = abi.record("swiftcl_replay_info")
DataInfo = abi.record("swiftcl_data_info")
CheckpointInfo = abi.record("swiftcl_checkpoint_info", {"open_phase": Phase})


class Normalisation(NamedTuple):
    """What a batch normalisation has for each unit: predictions give scale * (h - mean) / sqrt(variance + 1e-5) + bias."""

    scale: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


TicketInfo = abi.record("swiftcl_ticket_info")
Comparison = abi.record("swiftcl_comparison")
