import CSwiftCL

/// Predictions of int8 tickets: integers from the input's conversion to the logits.
extension OpenTicket {
  /// Of the input, then of each layer.
  var ranges: UnsafePointer<swiftcl_ticket_range> {
    section(header.pointee.ranges, swiftcl_ticket_range.self)
  }

  /// Of an input whose elements are integers.
  var inputChannels: UnsafePointer<swiftcl_ticket_channel> {
    UnsafeRawPointer(ranges + (layerCount + 1)).assumingMemoryBound(
      to: swiftcl_ticket_channel.self)
  }

  /// Sixteen-bit integers of a converted row. Floats that are scaled are checked there first.
  var convertedShorts: Int {
    Panels.pad(input.isFloat && !input.isPlain ? 2 * input.elements : input.elements)
  }

  /// Whether a layer's inputs are gathered: also the pixels of an image of the caller's, which need
  /// not be whole quads.
  func gathersShorts(_ l: Int, _ window: TicketWindow) -> Bool {
    window.gathers || input(of: l, window) < 0 && window.window.pixels > 1
  }

  /// One chunk of rows; returns the logits as integers, rows padded to sixteen.
  func runShorts(
    _ source: UnsafeRawPointer, rows: Int, _ scratch: UnsafeMutableRawPointer,
    patches: UnsafeMutableRawPointer
  ) -> UnsafePointer<Int32> {
    let places = ScratchPlaces(self)
    let shorts = scratch.assumingMemoryBound(to: Int16.self)
    let gathered = patches.assumingMemoryBound(to: Int16.self)
    let x = shorts + activations * rows
    let rowStride = Panels.pad(input.elements)
    for n in 0..<rows { convert(source + n * input.rowBytes, to: x + n * rowStride) }
    for l in 0..<layerCount {
      let window = window(l)
      let below = input(of: l, window)
      let read =
        below < 0 ? inputSurface(x, rowStride) : surface(above: below, shorts, rows, places)
      let y = shorts + places.output(l) * rows
      var added: UnsafePointer<Int16>?
      if Features.all && window.added > 0 {
        added = surface(above: window.added - 1, shorts, rows, places).rows
      }
      product(l, window, read, added, samples: rows, gathered, y)
      let layer = layers[l]
      if Features.all && layer.flags & TicketFormat.perSample != 0 {
        passLargest(
          y, stride: panels(l).padded, count: rows * window.window.outPixels,
          units: Int(layer.units), blockSize: Int(layer.block_size),
          relu: layer.flags & TicketFormat.relu != 0)
      }
      if Features.all && window.pool.kind != 0 {
        ShortPooling(transition: window.pool, samples: rows, stride: panels(l).padded)
          .forward(y, shorts + places.pooled(l) * rows)
      }
    }
    return UnsafeRawPointer(shorts + places.output(layerCount - 1) * rows)
      .assumingMemoryBound(to: Int32.self)
  }

  private func inputSurface(_ x: UnsafePointer<Int16>, _ rowStride: Int) -> ShortSurface {
    let first = window(0)
    let pixels = first.window.pixels
    if first.isPlanar {
      return ShortSurface(
        rows: x, sampleStride: rowStride, pixelStride: 1, channelStride: pixels)
    }
    return ShortSurface(
      rows: x, sampleStride: rowStride,
      pixelStride: pixels == 1 ? rowStride : input.elements / pixels)
  }

  private func product(
    _ l: Int, _ window: TicketWindow, _ surface: ShortSurface, _ added: UnsafePointer<Int16>?,
    samples: Int, _ gathered: UnsafeMutablePointer<Int16>, _ y: UnsafeMutablePointer<Int16>
  ) {
    let layer = layers[l]
    let range = ranges[l + 1]
    let width = panels(l).padded
    let bias = section(layer.bias, Int32.self)
    let isRectified =
      layer.flags & (TicketFormat.relu | TicketFormat.perSample) == TicketFormat.relu
    let isHead = l == layerCount - 1
    let all = samples * window.window.outPixels
    var pass = swiftcl_int8_rows(
      x: surface.rows, x_stride: surface.pixelStride, rows: all, quads: (Int(layer.inputs) + 3) / 4,
      units: Int(layer.units), weights: section(layer.weights, UInt32.self), bias: bias,
      factor: bias + width, shift: Int32(range.shift), low: isRectified ? 0 : -range.largest,
      high: range.largest, added_factor: range.added_factor,
      added_shift: Int32(range.added_shift), added: added, y: isHead ? nil : y,
      wide: isHead ? UnsafeMutableRawPointer(y).assumingMemoryBound(to: Int32.self) : nil)
    if !Features.all || !gathersShorts(l, window) {
      int8Rows(pass)
      return
    }
    let inputs = Int(layer.inputs)
    let patches = ShortPatches(
      window: window.window, channels: inputs / window.window.taps, stride: Panels.pad(inputs))
    let most = patchRows(window)
    pass.x = UnsafePointer(gathered)
    pass.x_stride = patches.stride
    var first = 0
    while first < all {
      let count = min(most, all - first)
      patches.gather(surface, first: first, count: count, to: gathered)
      pass.rows = count
      int8Rows(pass)
      pass.added = pass.added.map { $0 + count * width }
      pass.y = pass.y.map { $0 + count * width }
      pass.wide = pass.wide.map { $0 + count * width }
      first += count
    }
  }
}

/// One row of the caller's as integers of the input's range.
extension OpenTicket {
  @inline(never)
  fileprivate func convert(_ source: UnsafeRawPointer, to row: UnsafeMutablePointer<Int16>) {
    let count = input.elements
    let channels = input.channels
    let isPlanar = input.layout == SWIFTCL_LAYOUT_PLANAR
    if input.isFloat {
      convertFloats(source, to: row)
    } else {
      for c in 0..<channels {
        let channel = inputChannels[c]
        let first = isPlanar ? c * (count / channels) : c
        int8Input(
          swiftcl_int8_input(
            source: source + first * input.elementBytes, target: row + first, type: input.type,
            factor: channel.factor, summand: channel.summand, shift: Int32(ranges[0].shift),
            largest: ranges[0].largest, count: count / channels, step: isPlanar ? 1 : channels))
      }
    }
    for e in count..<Panels.pad(count) { row[e] = 0 }
  }

  /// The one conversion of floats: scale and offset as floats have them, one more product, and
  /// the nearest integer.
  private func convertFloats(_ source: UnsafeRawPointer, to row: UnsafeMutablePointer<Int16>) {
    let inverse = 1 / ranges[0].scale
    let largest = swiftcl_from_int(ranges[0].largest)
    let plane = input.elements / input.channels
    #if SWIFTCL_FIRMWARE
      for e in 0..<input.elements {
        var value = (source + e &* 4).loadUnaligned(as: Float.self)
        if let scale = input.scale, let offset = input.offset {
          let c = input.layout == SWIFTCL_LAYOUT_PLANAR ? e / plane : e % input.channels
          value = value * scale[c] + offset[c]
        }
        row[e] = swiftcl_nearest_single(value * inverse, largest)
      }
    #else
      for first in stride(from: 0, to: input.elements, by: 16) {
        let count = min(16, input.elements - first)
        var values = SIMD16<Float>(repeating: 0)
        if let scale = input.scale, let offset = input.offset {
          for lane in 0..<count {
            let e = first + lane
            let c = input.layout == SWIFTCL_LAYOUT_PLANAR ? e / plane : e % input.channels
            let value = (source + e &* 4).loadUnaligned(as: Float.self)
            values[lane] = value * scale[c] + offset[c]
          }
        } else if count == 16 {
          values = (source + first &* 4).assumingMemoryBound(to: Float.self).lanes(at: 0)
        } else {
          for lane in 0..<count {
            values[lane] = (source + (first + lane) &* 4).loadUnaligned(as: Float.self)
          }
        }
        let nearest = swiftcl_nearest(values * inverse, largest)
        // Rows are padded to sixteen.
        UnsafeMutableRawPointer(row + first).storeBytes(of: nearest, as: SIMD16<Int16>.self)
      }
    #endif
  }
}
