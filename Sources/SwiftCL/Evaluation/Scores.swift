import CSwiftCL

/// Scores of an accuracy matrix, by the formulas of docs/algorithms.md C.3.
enum Scores {
  static func of(_ matrix: UnsafePointer<Double>, _ count: Int, stride: Int? = nil)
    -> swiftcl_scores
  {
    var scores = swiftcl_scores()
    let stride = stride ?? count
    scores.tasks = UInt32(count)
    let last = (count - 1) * stride
    for i in 0..<count {
      scores.average_accuracy += matrix[last + i] / Double(count)
      scores.learning_accuracy += matrix[i * stride + i] / Double(count)
      if i == count - 1 { continue }
      var best = matrix[i * stride + i]
      for k in i..<count { best = max(best, matrix[k * stride + i]) }
      scores.forgetting += (best - matrix[last + i]) / Double(count - 1)
      scores.backward_transfer += (matrix[last + i] - matrix[i * stride + i]) / Double(count - 1)
    }
    return scores
  }
}

extension Network {
  /// Whether a set could be evaluated, without doing it.
  @inline(never)
  mutating func check(_ set: swiftcl_dataset) -> swiftcl_status {
    guard let inputs = set.inputs else { return failNull("a set's inputs is NULL") }
    guard let labels = set.labels else { return failNull("a set's labels is NULL") }
    let rows = Int(shown: UInt(bitPattern: set.rows))
    let status = checkLabels(set.task, labels, rows: rows)
    return status == SWIFTCL_OK ? checkRows(inputs, count: rows) : status
  }
}
