import CSwiftCL

/// Dynamic data removal (docs/algorithms.md B.3): steps take down which examples they had right,
/// and the easiest leave the task.
extension Network {
  /// The examples of a network that can follow some, in an open task; nil after a message.
  private mutating func openData() -> UnsafeMutablePointer<FollowedExamples>? {
    guard let data else {
      _ = fail(
        SWIFTCL_E_STATE, "the network follows no examples; options.data_samples sets how many")
      return nil
    }
    if task.isOpen { return data }
    _ = fail(SWIFTCL_E_STATE, "no task is open; begin one first")
    return nil
  }

  /// The same once `beginData` told how many they are.
  private mutating func followedData() -> UnsafeMutablePointer<FollowedExamples>? {
    guard let data = openData() else { return nil }
    if data.pointee.samples > 0 { return data }
    _ = fail(
      SWIFTCL_E_STATE, "the open task's examples are not followed; call swiftcl_data_begin first")
    return nil
  }

  @inline(never)
  mutating func beginData(samples: Int) -> swiftcl_status {
    guard let data = openData() else { return error.status }
    if samples < 1 {
      return fail(SWIFTCL_E_ARGUMENT, "samples", is: samples, expected: "1 or more")
    }
    let capacity = data.pointee.capacity
    if samples > capacity {
      return fail(
        SWIFTCL_E_CAPACITY, "samples", is: samples, expected: "at most data_samples = ", capacity)
    }
    data.pointee.begin(samples)
    return SWIFTCL_OK
  }

  // MARK: training

  @inline(never)
  mutating func trainStep(
    _ inputs: UnsafeRawPointer, _ labels: UnsafePointer<Int32>, ids: UnsafePointer<UInt32>,
    rows: Int, _ report: inout swiftcl_step
  ) -> swiftcl_status {
    guard let data = followedData() else { return error.status }
    var status = checkStep(rows: rows, SWIFTCL_LOSS_CROSS_ENTROPY)
    if status == SWIFTCL_OK { status = check(ids, rows: rows, data.pointee) }
    if status != SWIFTCL_OK { return status }
    data.pointee.listens = true
    status = trainStep(inputs, labels, rows: rows, &report)
    data.pointee.listens = false
    if status != SWIFTCL_OK { return status }
    for n in 0..<rows {
      data.pointee.note(Int(ids[n]), isRight: data.pointee.hits[n] == 1)
    }
    return SWIFTCL_OK
  }

  /// Every id names an example that is kept, and none twice: each is taken out for a moment.
  private mutating func check(
    _ ids: UnsafePointer<UInt32>, rows: Int, _ data: FollowedExamples
  ) -> swiftcl_status {
    var good = 0
    while good < rows && data.claim(ids[good]) { good += 1 }
    for n in 0..<good { data.release(ids[n]) }
    if good == rows { return SWIFTCL_OK }
    let id = ids[good]
    let shown = Int(shown: UInt(id))
    if UInt64(id) >= UInt64(data.samples) {
      return fail(
        SWIFTCL_E_ARGUMENT, "ids", at: good, is: shown,
        expected: "below the task's examples = ", data.samples)
    }
    for earlier in 0..<good where ids[earlier] == id {
      return fail(
        SWIFTCL_E_ARGUMENT, "ids", at: good, is: shown,
        expected: "an example not yet at index ", earlier)
    }
    return fail(
      SWIFTCL_E_ARGUMENT, "ids", at: good, is: shown,
      expected: "an example that was not removed; how many are kept: ", data.kept)
  }

  /// Which of the rows given have their label's logit as the largest of all the task's classes:
  /// asked before the loss makes gradients of the logits, whatever classes the loss leaves out.
  @inline(never)
  func noteHits(rows: Int) {
    guard let data = data?.pointee else { return }
    let head = working[hidden]
    for n in 0..<rows {
      let z = head.output + n * head.stride
      var largest = -Float.infinity
      var best: Int32 = -1
      for c in 0..<task.classCount where z[Int(workspace.columns[c])] > largest {
        best = workspace.columns[c]
        largest = z[Int(best)]
      }
      data.hits[n] = best == workspace.targets[n] ? 1 : 0
    }
  }

  // MARK: removal

  @inline(never)
  mutating func removeData(count: Int, _ removed: inout Int) -> swiftcl_status {
    guard let data = followedData() else { return error.status }
    if count >= data.pointee.kept {
      return fail(
        SWIFTCL_E_ARGUMENT, "count", is: count, expected: "fewer than the examples kept = ",
        data.pointee.kept)
    }
    let key = Random.key(
      seed: options.seed, Random.Domain.removal, UInt64(UInt32(bitPattern: task.record.task)),
      task.record.steps)
    removed = data.pointee.removeEasiest(count, key)
    return SWIFTCL_OK
  }

  /// What is kept, ascending; only how many without `ids`.
  @inline(never)
  mutating func keptData(_ ids: UnsafeMutablePointer<UInt32>?, capacity: Int, _ count: inout Int)
    -> swiftcl_status
  {
    guard let data = followedData()?.pointee else { return error.status }
    if let ids {
      if capacity < data.kept {
        return fail(SWIFTCL_E_BUFFER, "capacity", is: capacity, expected: "at least ", data.kept)
      }
      var place = 0
      for example in 0..<data.samples where data.isKept(example) {
        ids[place] = UInt32(example)
        place += 1
      }
    }
    count = data.kept
    return SWIFTCL_OK
  }

  func dataInfo() -> swiftcl_data_info {
    var info = swiftcl_data_info()
    guard let data = data?.pointee else { return info }
    info.samples = UInt32(data.samples)
    info.kept = UInt32(data.kept)
    info.seen = UInt32(data.seen)
    info.removals = data.removals
    info.presented = data.presented
    info.bytes = plan.data_bytes
    if data.samples > 0 {
      info.kept_share = data.presented > 0 ? Double(data.presented) / data.whole : 1
    }
    return info
  }
}
