import CSwiftCL

/// Keeps the largest magnitude of some floats.
private func note(
  _ values: UnsafePointer<Float>, _ count: Int, in largest: UnsafeMutablePointer<Float>
) {
  for i in 0..<count where values[i].magnitude > largest.pointee {
    largest.pointee = values[i].magnitude
  }
}

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

  /// Number of the first row, for messages.
  var firstRow = 0
  /// Calibration: receives the largest magnitude of the inputs, then of what each layer gives.
  var largest: UnsafeMutablePointer<Float>?

  /// Runs every chunk of rows through all tickets while it is in the cache. The head writes
  /// logits to the caller itself where its rows have no pads.
  func run(_ outputs: Outputs, _ error: UnsafeMutablePointer<swiftcl_error>) -> swiftcl_status {
    var chunk = 0
    let status = check(&chunk, error)
    if status != SWIFTCL_OK { return status }
    let input = self[0].pointee.input
    let buffer = scratch.assumingMemoryBound(to: Float.self)
    var first = 0
    while first < rows {
      let n = min(chunk, rows - first)
      let source = inputs + first * input.rowBytes
      var x: UnsafePointer<Float>?
      if input.isPlain { x = source.assumingMemoryBound(to: Float.self) }
      for t in 0..<count {
        let ticket = self[t]
        let target = outputs.logits?[t].map { $0 + first * ticket.pointee.classCount }
        if ticket.pointee.isInt8 {
          let z = ticket.pointee.runShorts(
            source, rows: n, scratch, patches: scratch + ticket.pointee.rowBytes * n)
          put(t, z, rows: n, from: first, to: target, outputs)
          // Floats that were converted may lie where it worked.
          if !input.isPlain { x = nil }
          continue
        }
        if x == nil {
          // At the end of the scratch, behind what any of the tickets works in.
          let converted = buffer + (scratchBytes / 4 - input.elements * n)
          // The only chunk is checked as it is converted, before anything is written.
          let bad = input.convert(source, rows: n, to: converted, step: input.elements)
          if bad >= 0 { return failRow(first + bad, error) }
          x = UnsafePointer(converted)
        }
        guard let x else { continue }
        largest.map { note(x, n * input.elements, in: $0) }
        let z = ticket.pointee.run(
          x, rows: n, buffer, patches: buffer + ticket.pointee.activations * n,
          head: ticket.pointee.classCount % 16 == 0 ? target : nil, largest: largest)
        put(t, z, rows: n, from: first, to: target, outputs)
      }
      first += n
    }
    return SWIFTCL_OK
  }

  /// Everything that can be wrong, before the first write; `chunk` receives the rows of a pass.
  private func check(_ chunk: inout Int, _ error: UnsafeMutablePointer<swiftcl_error>)
    -> swiftcl_status
  {
    let input = self[0].pointee.input
    var most = Int.max
    var needed = 0
    var hasInt8 = false
    for t in 0..<count {
      let ticket = self[t].pointee
      hasInt8 = hasInt8 || ticket.isInt8
      let room = max(0, scratchBytes - ticket.patchBytes) / ticket.rowBytes
      most = min(most, min(ticket.fastRows, room))
      needed = max(needed, ticket.rowBytes + ticket.patchBytes)
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
    chunk = min(rows, most)
    if chunk < 1 {
      return ErrorRecord.fail(
        error, SWIFTCL_E_BUFFER, call, "scratch_bytes", is: scratchBytes, expected: "at least ",
        needed)
    }
    if input.isPlain || chunk < rows || hasInt8 {
      let bad = input.firstNonFinite(
        inputs, rows: rows, scratch.assumingMemoryBound(to: Float.self))
      if bad >= 0 { return failRow(bad, error) }
    }
    return SWIFTCL_OK
  }

  private func failRow(_ row: Int, _ error: UnsafeMutablePointer<swiftcl_error>) -> swiftcl_status {
    ErrorRecord.fail(
      error, SWIFTCL_E_NONFINITE, call, "inputs of row", is: firstRow + row,
      expected: "finite numbers only")
  }
}

extension OpenTicket {
  /// One chunk of rows; returns the head's rows, padded to panels unless they went to `target`.
  /// `largest` is as for TicketRun.
  func run(
    _ x: UnsafePointer<Float>, rows: Int, _ scratch: UnsafeMutablePointer<Float>,
    patches: UnsafeMutablePointer<Float>, head target: UnsafeMutablePointer<Float>?,
    largest: UnsafeMutablePointer<Float>?
  ) -> UnsafePointer<Float> {
    let places = ScratchPlaces(self)
    for l in 0..<layerCount {
      let window = window(l)
      var y = scratch + places.output(l) * rows
      if l == layerCount - 1, window.pool.kind == 0, let target { y = target }
      run(l, window, surface(below: l, window, x, scratch, rows, places), rows: rows, patches, y: y)
      if Features.all && (window.added > 0 || window.normalises) {
        finish(l, window, scratch, rows, places, y: y)
      }
      let layer = layers[l]
      let width = Panels.pad(Int(layer.units))
      if Features.all && layer.flags & TicketFormat.perSample != 0 {
        passLargest(
          y, stride: width, count: rows * window.window.outPixels, units: Int(layer.units),
          blockSize: Int(layer.block_size), relu: layer.flags & TicketFormat.relu != 0)
      }
      largest.map { note(y, rows * window.window.outPixels * width, in: $0 + (l + 1)) }
      if Features.all && window.pool.kind != 0 {
        Pooling(transition: window.pool, samples: rows, stride: width)
          .forward(y, scratch + places.pooled(l) * rows)
      }
      if l == layerCount - 1 && window.pool.kind == 0 { return UnsafePointer(y) }
    }
    return UnsafePointer(scratch + places.pooled(layerCount - 1) * rows)
  }

  private func run(
    _ l: Int, _ window: TicketWindow, _ surface: Surface, rows: Int,
    _ patches: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>
  ) {
    let layer = layers + l
    let waits =
      layer.pointee.flags & TicketFormat.perSample != 0 || window.added > 0 || window.normalises
    let relu = layer.pointee.flags & TicketFormat.relu != 0
    product(layer, window, surface, samples: rows, patches, y: y, relu: relu && !waits)
  }

  /// What layer `l` gives, behind its pooling.
  func surface<Element>(
    above l: Int, _ scratch: UnsafeMutablePointer<Element>, _ rows: Int, _ places: ScratchPlaces
  ) -> PixelRows<Element> {
    let window = window(l)
    let width = panels(l).padded
    let offset = window.pool.kind == 0 ? places.output(l) : places.pooled(l)
    return PixelRows(
      rows: scratch + offset * rows, sampleStride: window.surfacePixels * width,
      pixelStride: width)
  }

  private func surface(
    below l: Int, _ window: TicketWindow, _ x: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, _ rows: Int, _ places: ScratchPlaces
  ) -> Surface {
    let input = input(of: l, window)
    return input < 0 ? inputSurface(x) : surface(above: input, scratch, rows, places)
  }

  /// Normalises what the product gave, adds the other layer, applies the activation.
  private func finish(
    _ l: Int, _ window: TicketWindow, _ scratch: UnsafeMutablePointer<Float>, _ rows: Int,
    _ places: ScratchPlaces, y: UnsafeMutablePointer<Float>
  ) {
    let width = panels(l).padded
    let flags = layers[l].flags
    let factor = section(layers[l].window, Float.self) + TicketWindow.count
    Finish(
      padded: width, stride: width, factor: window.normalises ? factor : nil,
      summand: window.normalises ? factor + width : nil,
      added: window.added > 0 ? surface(above: window.added - 1, scratch, rows, places).rows : nil,
      relu: flags & TicketFormat.relu != 0 && flags & TicketFormat.perSample == 0
    ).run(y, rows: rows * window.window.outPixels, y)
  }

  /// The input as the first layer reads it.
  private func inputSurface(_ x: UnsafePointer<Float>) -> Surface {
    let first = window(0)
    let pixels = first.window.pixels
    if first.isPlanar {
      return Surface(
        rows: x, sampleStride: input.elements, pixelStride: 1, channelStride: pixels)
    }
    return Surface(
      rows: x, sampleStride: input.elements, pixelStride: input.elements / pixels)
  }

  /// The layer's product with the rows of a surface, gathered where its window says so.
  private func product(
    _ layer: UnsafePointer<swiftcl_ticket_layer>, _ window: TicketWindow, _ surface: Surface,
    samples: Int, _ scratch: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>,
    relu: Bool
  ) {
    let inputs = Int(layer.pointee.inputs)
    let width = Panels.pad(Int(layer.pointee.units))
    let computed = Panels.computed(Int(layer.pointee.units))
    let weights = section(layer.pointee.weights, Float.self)
    let bias = section(layer.pointee.bias, Float.self)
    let all = samples * window.window.outPixels
    if !Features.all || !window.gathers {
      panelProduct(
        x: surface.rows, xStride: surface.pixelStride, rows: all, inputs: inputs, weights: weights,
        bias: bias, padded: computed, y: y, yStride: width, relu: relu)
      return
    }
    let patches = Patches(
      window: window.window, channels: inputs / window.window.taps, stride: Panels.pad(inputs))
    let most = patchRows(window)
    var first = 0
    while first < all {
      let count = min(most, all - first)
      patches.gather(surface, first: first, count: count, to: scratch)
      panelProduct(
        x: scratch, xStride: patches.stride, rows: count, inputs: inputs, weights: weights,
        bias: bias, padded: computed, y: y + first * width, yStride: width, relu: relu)
      first += count
    }
  }
}

/// The product on weights that lie in panels of sixteen outputs. The OpenBLAS
/// flavour, whose products want plain rows, takes them panel by panel.
@inline(__always)
private func panelProduct(
  x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int, weights: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, padded: Int, y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
) {
  #if SWIFTCL_CBLAS
    for first in stride(from: 0, to: padded, by: 16) {
      forwardProduct(
        x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights + first * inputs,
        bias: bias + first, padded: 16, y: y + first, yStride: yStride, relu: relu)
    }
  #else
    forwardProduct(
      x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights, bias: bias,
      padded: padded, y: y, yStride: yStride, relu: relu)
  #endif
}
