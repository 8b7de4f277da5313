import CSwiftCL

/// Checks what a description says of replay.
extension DescriptionCheck {
  func checkReplay(_ o: swiftcl_options) -> swiftcl_status {
    var status = choice("replay", o.replay, upTo: SWIFTCL_REPLAY_DISTILL)
    if status == SWIFTCL_OK {
      status = choice("replay_policy", o.replay_policy, upTo: SWIFTCL_RETAIN_BALANCED)
    }
    if status == SWIFTCL_OK {
      status = choice("replay_store", o.replay_store, upTo: SWIFTCL_STORE_EXPLICIT)
    }
    if status == SWIFTCL_OK {
      status = choice("replay_recall", o.replay_recall, upTo: SWIFTCL_RECALL_ANY)
    }
    if status == SWIFTCL_OK {
      status = choice("distill_teacher", o.distill_teacher, upTo: SWIFTCL_TEACHER_STORED)
    }
    if status == SWIFTCL_OK {
      status = range(
        "replay_batch", o.replay_batch, 1, DescriptionCheck.largestBatch, "1 to 65536")
    }
    if status == SWIFTCL_OK { status = real("replay_weight", o.replay_weight, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK { status = real("replay_alpha", o.replay_alpha, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK { status = real("replay_beta", o.replay_beta, 0, 1e6, "0 to 1e6") }
    if status == SWIFTCL_OK {
      status = real("distill_temperature", o.distill_temperature, 0.01, 100, "0.01 to 100")
    }
    if status == SWIFTCL_OK {
      status = real("distill_weight", o.distill_weight, 0, 1e6, "0 to 1e6")
    }
    if status == SWIFTCL_OK {
      status = choice("replay_new_rows", o.replay_new_rows, upTo: SWIFTCL_NEW_ROWS_BALANCED)
    }
    if status == SWIFTCL_OK { status = range("class_head", o.class_head, 0, 1, "0 or 1") }
    if status == SWIFTCL_OK { status = checkRowCode(o) }
    return status == SWIFTCL_OK ? checkReplayMemory(o) : status
  }

  private func checkReplayMemory(_ o: swiftcl_options) -> swiftcl_status {
    if !o.hasReplayMemory {
      if o.class_head != 0 || o.replay_new_rows != 0 {
        return refuse(
          o.class_head != 0 ? "class_head" : "replay_new_rows",
          is: o.class_head != 0 ? Int(o.class_head) : Int(o.replay_new_rows),
          expected: "0 without replay_bytes or replay_rows")
      }
      if o.replay == SWIFTCL_REPLAY_NONE { return SWIFTCL_OK }
      return refuse(
        "replay", is: Int(o.replay),
        expected: "SWIFTCL_REPLAY_NONE without replay_bytes or replay_rows")
    }
    if o.loss != SWIFTCL_LOSS_CROSS_ENTROPY {
      return refuse(
        "loss", is: Int(o.loss), expected: "SWIFTCL_LOSS_CROSS_ENTROPY with a replay memory")
    }
    if o.replay_bytes > 0 && o.replay_bytes <= UInt64(Int.max / 4) && o.replayCapacity < 1 {
      return refuse(
        "replay_bytes", is: Int(shown: o.replay_bytes),
        expected: "0, or room for a row and what a draw needs: at least ",
        o.replayBytes(rows: 1) ?? Int.max)
    }
    return SWIFTCL_OK
  }
}
