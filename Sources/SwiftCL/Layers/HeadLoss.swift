import CSwiftCL

/// The loss on the head's rows: its value, and dLoss/dlogit in place of the
/// logits. Only the task's columns count; the others get no gradient.
struct HeadLoss {
  var columns: UnsafePointer<Int32>
  var classCount: Int
  var stride: Int
  var padded: Int
  var rows: Int

  /// Mean softmax cross-entropy; `targets` names each row's column.
  func crossEntropy(
    _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Int32>, correct: inout UInt32
  ) -> Float {
    let weight = 1 / Float(rows)
    var sum: Float = 0
    for n in 0..<rows {
      let z = logits + n * stride
      let target = Int(targets[n])
      var largest = -Float.infinity
      var best = -1
      for c in 0..<classCount where z[Int(columns[c])] > largest {
        best = Int(columns[c])
        largest = z[best]
      }
      if best == target { correct += 1 }
      // NaN is larger than nothing: it must reach the loss, not hide from it.
      var total: Float = 0
      for c in 0..<classCount { total += Scalar.exp(z[Int(columns[c])] - largest) }
      let logTotal = Scalar.log(total)
      sum += largest + logTotal - z[target]
      for c in 0..<classCount {
        let column = Int(columns[c])
        let part = Scalar.exp(z[column] - largest - logTotal) * weight
        // Subnormal gradients would only make the backward pass slow.
        z[column] = part < 1e-30 ? 0 : part
      }
      z[target] -= weight
      clearOthers(z)
    }
    return sum * weight
  }

  /// Mean squared error over rows and outputs; `targets` are rows of classCount.
  func squaredError(
    _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Float>
  ) -> Float {
    let weight = 1 / (Float(rows) * Float(classCount))
    var sum: Float = 0
    for n in 0..<rows {
      let z = logits + n * stride
      for c in 0..<classCount {
        let difference = z[Int(columns[c])] - targets[n * classCount + c]
        sum += difference * difference
        z[Int(columns[c])] = 2 * weight * difference
      }
      clearOthers(z)
    }
    return sum * weight
  }

  /// On a shared ticket the head has rows that this task does not train.
  private func clearOthers(_ z: UnsafeMutablePointer<Float>) {
    if classCount == padded { return }
    var c = 0
    for column in 0..<padded {
      // Columns are usually ascending; fall back to a search where not.
      if c < classCount, Int(columns[c]) == column {
        c += 1
      } else if !contains(column) {
        z[column] = 0
      }
    }
  }

  private func contains(_ column: Int) -> Bool {
    for c in 0..<classCount where Int(columns[c]) == column { return true }
    return false
  }
}
