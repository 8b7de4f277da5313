import CSwiftCL

/// The winners' features of some tasks, side by side, and the class head's product with them.
extension Network {
  /// Places of the tasks whose winners a head fitted now looks at: every finished one, or the
  /// newest where all share one ticket.
  var classHeadPlaces: Range<Int> {
    options.sharesTicket ? max(0, store.count - 1)..<store.count : 0..<store.count
  }

  /// Writes what a task's own head reads, a row for each row, `stride` floats apart; returns how
  /// much that is.
  private func features(
    of ticket: UnsafeMutablePointer<Ticket>, _ x: InputRows, rows: Int,
    to target: UnsafeMutablePointer<Float>, stride: Int
  ) -> Int {
    let count = ticket.pointee.head.size.inputs
    let surface = features(of: ticket, x, rows: rows)
    if shapes[hidden].gathers {
      let taps = shapes[hidden].taps
      let patches = Patches(window: shapes[hidden].window, channels: count / taps, stride: count)
      for n in 0..<rows {
        // By way of a buffer with room behind the row: gathering writes whole vectors.
        patches.gather(surface, first: n, count: 1, to: workspace.patches)
        (target + n * stride).update(from: workspace.patches, count: count)
      }
      return count
    }
    for n in 0..<rows {
      (target + n * stride).update(from: surface.rows + n * surface.sampleStride, count: count)
    }
    return count
  }

  /// Features for a fit, before the head knows its tasks.
  @inline(never)
  func classFeatures(_ x: InputRows, rows: Int, to head: ClassHead, stride: Int) {
    var offset = 0
    for s in classHeadPlaces {
      offset += features(
        of: store.tickets[s], x, rows: rows, to: head.input + offset, stride: stride)
    }
  }

  /// The fitted head's logits of up to `room.rows` rows.
  @inline(never)
  func classHeadRows(_ x: InputRows, rows: Int) -> HeadRows {
    let head = classHead
    var offset = 0
    for t in 0..<head.taskCount {
      guard let ticket = store.ticket(of: head.tasks[t]) else { continue }
      offset += features(
        of: ticket, x, rows: rows, to: head.input + offset, stride: head.features)
    }
    product(head, rows: rows)
    return HeadRows(
      logits: head.output, stride: head.padded, columns: head.columns, names: head.labels,
      classes: head.classCount)
  }

  func product(_ head: ClassHead, rows: Int) {
    threads.forwardProduct(
      x: head.input, xStride: head.features, rows: rows, inputs: head.features,
      weights: head.weights, bias: head.bias, padded: head.padded, y: head.output,
      yStride: head.padded, relu: false)
  }
}
