import CSwiftCL

/// Classes and tasks of rows whose task nobody knows.
extension Network {
  /// Of `labels`, `tasks` and `scores` those that are given are filled, once all is checked.
  @inline(never)
  mutating func predictClasses(
    _ rule: Int32, _ inputs: UnsafeRawPointer, rows: Int,
    labels: UnsafeMutablePointer<Int32>? = nil, tasks: UnsafeMutablePointer<Int32>? = nil,
    scores: UnsafeMutablePointer<Float>? = nil
  ) -> swiftcl_status {
    var status = checkRule(rule)
    if status == SWIFTCL_OK { status = checkRowCount(rows) }
    if status == SWIFTCL_OK { status = checkRows(inputs, count: rows) }
    if status != SWIFTCL_OK { return status }
    let width = Int(options.max_classes)
    let most = chunkRows(rule)
    var first = 0
    while first < rows {
      let count = min(most, rows - first)
      guard let x = load(inputs, first: first, count: count) else { return error.status }
      let chunk = scores.map { $0 + first * width }
      chunk?.update(repeating: -.infinity, count: count * width)
      var answers = ClassAnswers()
      ask(rule, x, rows: count, &answers, ClassScores(rows: chunk, width: width))
      for n in 0..<count {
        labels?[first + n] = answers.label[n]
        tasks?[first + n] = answers.task[n]
      }
      first += count
    }
    return SWIFTCL_OK
  }

  mutating func checkRoom(_ name: StaticString, _ capacity: Int, rows: Int) -> swiftcl_status {
    if capacity >= rows { return SWIFTCL_OK }
    return fail(SWIFTCL_E_BUFFER, name, is: capacity, expected: "rows = ", rows)
  }

  mutating func classScores(
    _ rule: Int32, _ inputs: UnsafeRawPointer, rows: Int, _ scores: UnsafeMutablePointer<Float>,
    capacity: UInt
  ) -> swiftcl_status {
    var status = checkRule(rule)
    if status == SWIFTCL_OK { status = checkRowCount(rows) }
    if status != SWIFTCL_OK { return status }
    if rule == SWIFTCL_RULE_LOWEST_ENTROPY {
      return fail(
        SWIFTCL_E_ARGUMENT, "rule", is: Int(rule),
        expected: "one that has a score for every class; entropy is a task's")
    }
    if let needed = Network.logitsMissing(rows, Int(options.max_classes), capacity) {
      return fail(
        SWIFTCL_E_BUFFER, "score_count", is: Int(shown: capacity),
        expected: "rows times max_classes = ", needed)
    }
    return predictClasses(rule, inputs, rows: rows, scores: scores)
  }
}
