import CSwiftCL

/// Where the logits of a chunk of rows go.
extension TicketRun {
  /// What becomes of the logits: some of these.
  struct Outputs {
    /// An array for each ticket.
    var logits: UnsafePointer<UnsafeMutablePointer<Float>?>?
    var labels: UnsafeMutablePointer<Int32>?
    /// Of the one ticket, which is int8.
    var integers: UnsafeMutablePointer<Int32>?
  }

  func put(
    _ t: Int, _ z: UnsafePointer<Float>, rows n: Int, from first: Int,
    to target: UnsafeMutablePointer<Float>?, _ outputs: Outputs
  ) {
    let ticket = self[t]
    let classes = ticket.pointee.classCount
    let stride = Panels.pad(classes)
    if let target {
      if z == target { return }
      for row in 0..<n {
        (target + row * classes).update(from: z + row * stride, count: classes)
      }
    } else if let labels = outputs.labels {
      for row in 0..<n {
        labels[first + row] =
          ticket.pointee.classes[Posterior.largest(z + row * stride, 0..<classes)]
      }
    }
  }

  func put(
    _ t: Int, _ z: UnsafePointer<Int32>, rows n: Int, from first: Int,
    to target: UnsafeMutablePointer<Float>?, _ outputs: Outputs
  ) {
    let ticket = self[t]
    let classes = ticket.pointee.classCount
    let scale = ticket.pointee.ranges[ticket.pointee.layerCount].scale
    for row in 0..<n {
      let logits = z + row * Panels.pad(classes)
      if let target {
        for c in 0..<classes { target[row * classes + c] = swiftcl_from_int(logits[c]) * scale }
      }
      if let integers = outputs.integers {
        (integers + (first + row) * classes).update(from: logits, count: classes)
      }
      if let labels = outputs.labels {
        var best = 0
        for c in 0..<classes where logits[c] > logits[best] { best = c }
        labels[first + row] = ticket.pointee.classes[best]
      }
    }
  }
}
