import CSwiftCL

/// Writes an open float ticket anew, with int8 weights.
struct Int8Writer {
  let ticket: OpenTicket

  /// Bytes of the int8 ticket, whatever the rows it is calibrated on.
  var bytes: Int {
    var at = SectionOffsets()
    _ = header(&at)
    for l in 0..<ticket.layerCount { _ = layer(l, &at) }
    return Int(at.end)
  }

  /// `buffer` has room for `bytes`.
  func write(_ plan: Int8Plan, to buffer: UnsafeMutableRawPointer) {
    var span = MemorySpan(next: buffer, left: bytes)
    withUnsafeMutablePointer(to: &span) {
      var sink = Sink(MemorySpan.write, $0)
      put(plan, &sink)
    }
    // The checksum of what follows stands in the header.
    var at = SectionOffsets()
    var header = header(&at)
    header.bytes = UInt64(bytes)
    var body = CRC32C()
    body.update(buffer + TicketFormat.headerBytes, bytes - TicketFormat.headerBytes)
    header.body_crc = body.value
    var crc = CRC32C()
    crc.update(&header, TicketFormat.sealedBytes)
    header.header_crc = crc.value
    buffer.copyMemory(from: &header, byteCount: TicketFormat.headerBytes)
  }

  private func header(_ at: inout SectionOffsets) -> swiftcl_ticket_header {
    var header = ticket.header.pointee
    header.major = TicketFormat.major
    header.minor = TicketFormat.int8Minor
    header.flags = TicketFormat.int8
    header.hints = (0, 0, 0, 0)
    header.layers = at.take(ticket.layerCount * TicketFormat.layerBytes)
    header.classes = at.take(ticket.classCount * 4)
    if ticket.input.scale != nil { header.scale = at.take(ticket.input.channels * 8) }
    header.ranges = at.take(Int(ticket.rangeWords) * 4)
    return header
  }

  private func layer(_ l: Int, _ at: inout SectionOffsets) -> swiftcl_ticket_layer {
    var layer = ticket.layers[l]
    let padded = ticket.panels(l).padded
    layer.element = TicketFormat.i8
    layer.bias = at.take(padded * 8)
    layer.weights = at.take(padded * ((Int(layer.inputs) + 3) / 4) * 4)
    if layer.winners != 0 { layer.winners = at.take(Int(layer.blocks) * 4) }
    if layer.window != 0 { layer.window = at.take(TicketWindow.count * 4) }
    return layer
  }

  private func put(_ plan: Int8Plan, _ sink: inout Sink) {
    var at = SectionOffsets()
    var header = header(&at)
    sink.bytes(&header, TicketFormat.headerBytes)
    for l in 0..<ticket.layerCount {
      var layer = layer(l, &at)
      sink.bytes(&layer, TicketFormat.layerBytes)
    }
    sink.put(ticket.classes, ticket.classCount)
    sink.align()
    if let scale = ticket.input.scale, let offset = ticket.input.offset {
      sink.put(scale, ticket.input.channels)
      sink.put(offset, ticket.input.channels)
      sink.align()
    }
    putRanges(plan, &sink)
    for l in 0..<ticket.layerCount { putLayer(plan, l, &sink) }
  }

  private func putRanges(_ plan: Int8Plan, _ sink: inout Sink) {
    for s in 0...ticket.layerCount {
      var range = plan.range(s)
      sink.bytes(&range, MemoryLayout<swiftcl_ticket_range>.size)
    }
    if !ticket.input.isFloat {
      let shift = plan.range(0).shift
      for c in 0..<ticket.input.channels {
        var channel = plan.channel(c, shift)
        sink.bytes(&channel, MemoryLayout<swiftcl_ticket_channel>.size)
      }
    }
    sink.align()
  }

  private func putLayer(_ plan: Int8Plan, _ l: Int, _ sink: inout Sink) {
    let layer = ticket.layers[l]
    let folded = plan.folded(l)
    let padded = ticket.panels(l).padded
    let shift = plan.range(l + 1).shift
    for o in 0..<padded {
      sink.put(o < folded.units ? folded.bias(o, folded.sumScale(o)) : 0)
    }
    for o in 0..<padded {
      let scale = o < folded.units ? folded.sumScale(o) : 0
      sink.put(plan.fixed(scale / plan.scales[l + 1], shift))
    }
    sink.align()
    for first in stride(from: 0, to: padded, by: 16) { putPanel(folded, first, &sink) }
    sink.align()
    if layer.winners != 0 {
      sink.put(ticket.section(layer.winners, Int32.self), Int(layer.blocks))
      sink.align()
    }
    if layer.window != 0 {
      var window = ticket.window(l)
      window.normalises = false
      let numbers = window.numbers
      for i in 0..<TicketWindow.count { sink.put(numbers[i]) }
      sink.align()
    }
  }

  /// Words of four inputs, for sixteen outputs each; pads are 0.
  private func putPanel(_ layer: FoldedLayer, _ first: Int, _ sink: inout Sink) {
    var scales = InlineArray<16, Double>(repeating: 0)
    for lane in 0..<min(16, layer.units - first) { scales[lane] = layer.sumScale(first + lane) }
    for k in stride(from: 0, to: layer.inputs, by: 4) {
      for lane in 0..<16 {
        func byte(_ input: Int) -> UInt32 {
          UInt32(UInt8(bitPattern: layer.weight(input, first + lane, scales[lane])))
        }
        sink.put(byte(k) | byte(k + 2) << 8 | byte(k + 1) << 16 | byte(k + 3) << 24)
      }
    }
  }
}
