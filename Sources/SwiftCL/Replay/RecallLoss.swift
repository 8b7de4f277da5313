/// Losses that hold a row's logits against others. Targets stand in the order
/// of the task's classes; NaN where a class has none.
extension HeadLoss {
  /// Mean over rows of the squared distance over the number of classes compared.
  func distance(
    _ logits: UnsafeMutablePointer<Float>, to targets: UnsafePointer<Float>, targetStride: Int
  ) -> Float {
    let weight = scale / Float(rows)
    var sum: Float = 0
    for n in 0..<rows {
      let z = logits + n * stride
      let t = targets + n * targetStride
      var known: Float = 0
      for c in 0..<classCount { known += t[c].isNaN ? 0 : 1 }
      let part = weight / max(1, known)
      for c in 0..<classCount {
        let difference = t[c].isNaN ? 0 : z[Int(columns[c])] - t[c]
        sum += part * difference * difference
        z[Int(columns[c])] = 2 * part * difference
      }
      clearOthers(z)
    }
    return sum
  }

  /// docs/algorithms.md A.7: T^2 times the mean cross-entropy between softmax(target / T) and
  /// softmax(logit / T). Logits stay; targets become its gradient.
  func distillation(
    _ logits: UnsafePointer<Float>, targets: UnsafeMutablePointer<Float>, targetStride: Int,
    temperature: Float
  ) -> Float {
    let weight = scale * temperature / Float(rows)
    var sum: Float = 0
    for n in 0..<rows {
      let z = logits + n * stride
      let t = targets + n * targetStride
      var largest = -Float.infinity
      var largestTarget = -Float.infinity
      for c in 0..<classCount where !t[c].isNaN {
        largest = max(largest, z[Int(columns[c])])
        largestTarget = max(largestTarget, t[c])
      }
      var total: Float = 0
      var totalTarget: Float = 0
      for c in 0..<classCount where !t[c].isNaN {
        total += Scalar.exp((z[Int(columns[c])] - largest) / temperature)
        totalTarget += Scalar.exp((t[c] - largestTarget) / temperature)
      }
      let logTotal = totalTarget > 0 ? Scalar.log(total) : 0
      for c in 0..<classCount {
        if t[c].isNaN {
          t[c] = 0
          continue
        }
        let wanted = Scalar.exp((t[c] - largestTarget) / temperature) / totalTarget
        let logPart = (z[Int(columns[c])] - largest) / temperature - logTotal
        sum -= wanted * logPart
        t[c] = weight * (Scalar.exp(logPart) - wanted)
      }
    }
    return weight * temperature * sum
  }

  /// Adds gradients that stand in the order of the task's classes.
  func add(_ gradients: UnsafePointer<Float>, stride: Int, to logits: UnsafeMutablePointer<Float>) {
    for n in 0..<rows {
      for c in 0..<classCount {
        logits[n * self.stride + Int(columns[c])] += gradients[n * stride + c]
      }
    }
  }
}
