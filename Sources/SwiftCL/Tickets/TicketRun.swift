import CSwiftCL

/// Some tickets on one batch of rows, in the scratch of the calling thread.
struct TicketRun {
  let call: StaticString
  let tickets: UnsafePointer<swiftcl_ticket_const_ref?>
  let count: Int
  let inputs: UnsafeRawPointer
  let rows: Int
  let scratch: UnsafeMutableRawPointer
  let scratchBytes: Int

  subscript(t: Int) -> UnsafePointer<OpenTicket> {
    UnsafePointer<OpenTicket>(tickets[t].unsafelyUnwrapped)
  }

  /// Runs every chunk of rows through all tickets while it is in the cache.
  /// Of `logits` and `labels` one is given. The head writes logits to the caller
  /// itself where its rows have no pads.
  func run(
    logits: UnsafePointer<UnsafeMutablePointer<Float>?>?, labels: UnsafeMutablePointer<Int32>?,
    _ error: UnsafeMutablePointer<swiftcl_error>
  ) -> swiftcl_status {
    var chunk = 0
    let status = check(&chunk, error)
    if status != SWIFTCL_OK { return status }
    let input = self[0].pointee.input
    let buffer = scratch.assumingMemoryBound(to: Float.self)
    var first = 0
    while first < rows {
      let n = min(chunk, rows - first)
      let source = inputs + first * input.rowBytes
      var x = UnsafePointer(buffer)
      if input.isPlain {
        x = source.assumingMemoryBound(to: Float.self)
      } else {
        // Behind the activations, whose rows are whole panels.
        let converted = buffer + (widest - input.elements) * n
        // The only chunk is checked as it is converted, before anything is written.
        let bad = input.convert(source, rows: n, to: converted, step: input.elements)
        if bad >= 0 { return failRow(first + bad, error) }
        x = UnsafePointer(converted)
      }
      for t in 0..<count {
        let ticket = self[t]
        let classes = ticket.pointee.classCount
        let target = logits?[t].map { $0 + first * classes }
        let z = ticket.pointee.run(x, rows: n, buffer, head: classes % 16 == 0 ? target : nil)
        let stride = Panels.pad(classes)
        if let target {
          if z != target {
            for row in 0..<n {
              (target + row * classes).update(from: z + row * stride, count: classes)
            }
          }
        } else if let labels {
          for row in 0..<n {
            labels[first + row] =
              ticket.pointee.classes[Posterior.largest(z + row * stride, 0..<classes)]
          }
        }
      }
      first += n
    }
    return SWIFTCL_OK
  }

  /// Floats of scratch for one row of the widest ticket.
  private var widest: Int {
    var widest = 0
    for t in 0..<count { widest = max(widest, self[t].pointee.rowBytes / 4) }
    return widest
  }

  /// Everything that can be wrong, before the first write; `chunk` receives the rows of a pass.
  private func check(_ chunk: inout Int, _ error: UnsafeMutablePointer<swiftcl_error>)
    -> swiftcl_status
  {
    let input = self[0].pointee.input
    var fastest = Int.max
    for t in 0..<count {
      fastest = min(fastest, self[t].pointee.fastRows)
      if t > 0, !input.isSame(self[t].pointee.input) {
        return ErrorRecord.fail(
          error, SWIFTCL_E_ARGUMENT, call,
          "all tickets must describe the same input; the first that does not is ", t)
      }
    }
    if rows < 1 || rows > input.mostRows {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ARGUMENT, call, "rows", is: rows,
        expected: "at least 1, and no more than memory can hold")
    }
    if input.isPlain && UInt(bitPattern: inputs) % 4 != 0 {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ALIGNMENT, call, "inputs' address modulo 4 is not 0, as floats need it")
    }
    let misplaced = UInt(bitPattern: scratch) % UInt(SWIFTCL_TICKET_ALIGNMENT)
    if misplaced != 0 {
      return ErrorRecord.fail(
        error, SWIFTCL_E_ALIGNMENT, call, "scratch's address modulo the alignment",
        is: Int(misplaced), expected: "0; the alignment is ", Int(SWIFTCL_TICKET_ALIGNMENT))
    }
    let rowBytes = widest * 4
    chunk = min(min(rows, fastest), scratchBytes / rowBytes)
    if chunk < 1 {
      return ErrorRecord.fail(
        error, SWIFTCL_E_BUFFER, call, "scratch_bytes", is: scratchBytes, expected: "at least ",
        rowBytes)
    }
    if input.isPlain || chunk < rows {
      let bad = input.firstNonFinite(
        inputs, rows: rows, scratch.assumingMemoryBound(to: Float.self))
      if bad >= 0 { return failRow(bad, error) }
    }
    return SWIFTCL_OK
  }

  private func failRow(_ row: Int, _ error: UnsafeMutablePointer<swiftcl_error>) -> swiftcl_status {
    ErrorRecord.fail(
      error, SWIFTCL_E_NONFINITE, call, "inputs of row", is: row, expected: "finite numbers only")
  }
}

extension OpenTicket {
  /// One chunk of rows; returns the head's rows, padded to panels unless they went to `target`.
  func run(
    _ x: UnsafePointer<Float>, rows: Int, _ scratch: UnsafeMutablePointer<Float>,
    head target: UnsafeMutablePointer<Float>?
  ) -> UnsafePointer<Float> {
    var x = x
    var xStride = input.elements
    for l in 0..<layerCount {
      let layer = layers + l
      let units = Int(layer.pointee.units)
      let width = Panels.pad(units)
      var y = l % 2 == 0 ? scratch : scratch + even * rows
      if l == layerCount - 1, let target { y = target }
      let relu = layer.pointee.flags & TicketFormat.relu != 0
      let competes = layer.pointee.flags & TicketFormat.perSample != 0
      panelProduct(
        x: x, xStride: xStride, rows: rows, inputs: Int(layer.pointee.inputs),
        weights: section(layer.pointee.weights, Float.self),
        bias: section(layer.pointee.bias, Float.self), padded: width, y: y, relu: relu && !competes)
      if competes {
        passLargest(
          y, stride: width, count: rows, units: units, blockSize: Int(layer.pointee.block_size),
          relu: relu)
      }
      x = UnsafePointer(y)
      xStride = width
    }
    return x
  }
}

/// The product on weights that lie in panels of sixteen outputs. The OpenBLAS
/// flavour, whose products want plain rows, takes them panel by panel.
@inline(__always)
private func panelProduct(
  x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int, weights: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, padded: Int, y: UnsafeMutablePointer<Float>, relu: Bool
) {
  #if SWIFTCL_CBLAS
    for first in stride(from: 0, to: padded, by: 16) {
      forwardProduct(
        x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights + first * inputs,
        bias: bias + first, padded: 16, y: y + first, yStride: padded, relu: relu)
    }
  #else
    forwardProduct(
      x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights, bias: bias,
      padded: padded, y: y, yStride: padded, relu: relu)
  #endif
}
