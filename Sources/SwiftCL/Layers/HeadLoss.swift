import CSwiftCL

/// The loss on the head's rows: its value, and dLoss/dlogit in place of the
/// logits. Only the task's columns count; the others get no gradient.
struct HeadLoss {
  var columns: UnsafePointer<Int32>
  var classCount: Int
  var stride: Int
  var padded: Int
  var rows: Int
  /// What the mean over the rows is multiplied by.
  var scale: Float = 1

  /// Mean softmax cross-entropy; `targets` names each row's column.
  func crossEntropy(
    _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Int32>, correct: inout UInt32
  ) -> Float {
    let weight = scale / Float(rows)
    let vectors = vectors
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
      let logit = z[target]
      // NaN is larger than nothing: it must reach the loss, not hide from it.
      let total = exponentials(z, largest, vectors)
      sum += largest + Scalar.log(total) - logit
      makeGradient(z, weight / total, vectors)
      z[target] -= weight
      clearOthers(z)
    }
    return sum * weight
  }

  #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
    private var vectors: Int { 0 }
  #else
    /// Sixteen classes at a time where they stand in order from the first column on, as
    /// they do unless several tasks share a head; else none.
    private var vectors: Int {
      for c in 0..<classCount where Int(columns[c]) != c { return 0 }
      return (classCount + 15) >> 4
    }
  #endif

  /// exp(z - largest) in place of z, and the sum over the classes in order.
  @inline(__always)
  private func exponentials(
    _ z: UnsafeMutablePointer<Float>, _ largest: Float, _ vectors: Int
  ) -> Float {
    var total: Float = 0
    if vectors == 0 {
      for c in 0..<classCount {
        let part = Scalar.exp(z[Int(columns[c])] - largest)
        z[Int(columns[c])] = part
        total += part
      }
    }
    for v in 0..<vectors {
      let parts = swiftcl_exp(z.lanes(at: v * 16) - largest)
      z.setLanes(parts, at: v * 16)
      for lane in 0..<min(16, classCount - v * 16) { total += parts[lane] }
    }
    return total
  }

  /// Makes exponentials probabilities, times the weight of a row; of the classes alone.
  /// Subnormal gradients would only make the backward pass slow.
  @inline(__always)
  private func makeGradient(
    _ z: UnsafeMutablePointer<Float>, _ factor: Float, _ vectors: Int
  ) {
    if vectors == 0 {
      for c in 0..<classCount {
        let part = z[Int(columns[c])] * factor
        z[Int(columns[c])] = part < 1e-30 ? 0 : part
      }
    }
    for v in 0..<vectors {
      let parts = swiftcl_without_dust(z.lanes(at: v * 16) * factor)
      let last = Int32(min(16, classCount - v * 16) - 1)
      z.setLanes(parts.chosen(by: swiftcl_first_mask(last), else: Lanes.zero), at: v * 16)
    }
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
  func clearOthers(_ z: UnsafeMutablePointer<Float>) {
    if classCount == padded { return }
    var c = 0
    for column in 0..<padded {
      // Columns are usually ascending; fall back to a search where not.
      if c < classCount, Int(columns[c]) == column {
        c += 1
      } else if c == classCount || !contains(column) {
        z[column] = 0
      }
    }
  }

  private func contains(_ column: Int) -> Bool {
    for c in 0..<classCount where Int(columns[c]) == column { return true }
    return false
  }
}
