import CSwiftCL

/// Where the sections of a ticket go, one behind the other.
struct SectionOffsets {
  var end = UInt64(TicketFormat.headerBytes)

  mutating func take(_ bytes: Int) -> UInt64 {
    let start = end
    end = (end + UInt64(bytes) + TicketFormat.alignment - 1) & ~(TicketFormat.alignment - 1)
    return start
  }
}

/// Writes one finished task as a ticket that runs by itself.
extension Network {
  /// A finished task; nil after a message.
  mutating func exportable(_ number: swiftcl_task) -> UnsafeMutablePointer<Ticket>? {
    if isOpen(number) {
      _ = fail(SWIFTCL_E_STATE, "a finished task is needed, not the open one")
      return nil
    }
    return ticket(number)
  }

  func ticketBytes(_ ticket: UnsafeMutablePointer<Ticket>) -> Int {
    var at = SectionOffsets()
    _ = ticketHeader(ticket, &at)
    for l in 0..<layerCount { _ = ticketLayer(ticket, l, &at) }
    return Int(at.end)
  }

  func export(_ ticket: UnsafeMutablePointer<Ticket>, _ sink: inout Sink) {
    // The checksum of what follows stands in the header: one pass for nothing but it.
    var rehearsal = Sink({ _, _, _ in 0 }, nil)
    putTicketBody(ticket, &rehearsal)
    var at = SectionOffsets()
    var header = ticketHeader(ticket, &at)
    header.bytes = UInt64(ticketBytes(ticket))
    header.body_crc = rehearsal.checksum
    var crc = CRC32C()
    crc.update(&header, TicketFormat.sealedBytes)
    header.header_crc = crc.value
    sink.bytes(&header, TicketFormat.headerBytes)
    putTicketBody(ticket, &sink)
  }

  private func ticketHeader(_ ticket: UnsafeMutablePointer<Ticket>, _ at: inout SectionOffsets)
    -> swiftcl_ticket_header
  {
    var header = swiftcl_ticket_header()
    header.magic = TicketFormat.magic.littleEndian
    header.endianness = CheckpointFormat.endianness
    header.major = TicketFormat.major
    header.minor = TicketFormat.minor
    header.user_tag = ticket.pointee.record.userTag
    header.task = ticket.pointee.record.task
    header.inputs = options.inputs
    header.input_type = options.input_type
    header.input_channels = options.input_channels
    header.input_layout = options.input_layout
    header.class_count = UInt32(ticket.pointee.classCount)
    header.layer_count = UInt32(layerCount)
    header.layers = at.take(layerCount * TicketFormat.layerBytes)
    header.classes = at.take(ticket.pointee.classCount * 4)
    if options.input_scale != nil { header.scale = at.take(Int(options.input_channels) * 8) }
    return header
  }

  /// The head has the task's classes alone, in their order.
  private func ticketLayer(
    _ ticket: UnsafeMutablePointer<Ticket>, _ l: Int, _ at: inout SectionOffsets
  ) -> swiftcl_ticket_layer {
    let size = ticket.pointee.layers[l].size
    let units = l == hidden ? ticket.pointee.classCount : size.units
    var layer = swiftcl_ticket_layer()
    let window = TicketWindow(shapes[l], layer: l)
    layer.kind = window.isNeeded ? TicketFormat.windowed : TicketFormat.dense
    layer.element = TicketFormat.f32
    layer.flags = shapes[l].relu ? TicketFormat.relu : 0
    layer.block_size = 1
    if competesPerSample(l) {
      layer.flags |= TicketFormat.perSample
      layer.block_size = UInt32(shapes[l].blockSize)
    }
    layer.inputs = UInt32(size.inputs)
    layer.units = UInt32(units)
    layer.bias = at.take(Panels.pad(units) * 4)
    layer.weights = at.take(Panels(inputs: size.inputs, outputs: units).count * 4)
    if l < hidden {
      layer.blocks = UInt32(size.blocks)
      layer.winners = at.take(size.blocks * 4)
    }
    if window.isNeeded { layer.window = at.take(window.count(padded: Panels.pad(units)) * 4) }
    return layer
  }

  private func putTicketBody(_ ticket: UnsafeMutablePointer<Ticket>, _ sink: inout Sink) {
    var at = SectionOffsets()
    _ = ticketHeader(ticket, &at)
    for l in 0..<layerCount {
      var layer = ticketLayer(ticket, l, &at)
      sink.bytes(&layer, TicketFormat.layerBytes)
    }
    sink.put(ticket.pointee.classes, ticket.pointee.classCount)
    sink.align()
    if let scale = options.input_scale, let offset = options.input_offset {
      sink.put(scale, Int(options.input_channels))
      sink.put(offset, Int(options.input_channels))
      sink.align()
    }
    for l in 0..<layerCount {
      let layer = ticket.pointee.layers[l]
      putPanels(ticket, l, &sink)
      if l < hidden { sink.put(layer.winners, layer.size.blocks) }
      sink.align()
      let window = TicketWindow(shapes[l], layer: l)
      if !window.isNeeded { continue }
      let numbers = window.numbers
      for i in 0..<TicketWindow.count { sink.put(numbers[i]) }
      if let norm = layer.norm { putNorm(layer, norm, &sink) }
      sink.align()
    }
  }

  /// Factor and summand as predictions use them; the layer's biases are in the latter.
  private func putNorm(_ layer: TicketLayer, _ norm: NormParameters, _ sink: inout Sink) {
    let padded = Panels.pad(layer.size.units)
    for part in 0..<2 {
      for u in stride(from: 0, to: padded, by: 16) {
        var factor = SIMD16<Float>(repeating: 0)
        var summand = SIMD16<Float>(repeating: 0)
        for lane in 0..<min(16, layer.size.units - u) {
          let folded = NormStep.folded(norm, bias: layer.bias, u + lane)
          factor[lane] = folded.factor
          summand[lane] = folded.summand
        }
        for lane in 0..<16 { sink.put(part == 0 ? factor[lane] : summand[lane]) }
      }
    }
  }

  /// Biases, then weights in panels of sixteen outputs whatever the flavour; pads are 0.
  private func putPanels(_ ticket: UnsafeMutablePointer<Ticket>, _ l: Int, _ sink: inout Sink) {
    let layer = ticket.pointee.layers[l]
    let panels = layer.panels
    let columns = l == hidden ? ticket.pointee.columns : nil
    let units = l == hidden ? ticket.pointee.classCount : layer.size.units
    /// Where an output of the ticket is in the network's layer; nil for pads.
    func place(_ o: Int) -> Int? { o >= units ? nil : columns.map { Int($0[o]) } ?? o }
    for o in 0..<Panels.pad(units) {
      sink.put(layer.norm == nil ? place(o).map { layer.bias[$0] } ?? 0 : 0)
    }
    for first in stride(from: 0, to: units, by: 16) {
      for k in 0..<panels.inputs {
        for o in first..<first + 16 {
          sink.put(place(o).map { layer.weight(k, $0) } ?? 0)
        }
      }
    }
  }
}

extension Sink {
  /// Zeros up to the next section of a ticket.
  mutating func align() {
    var zeros = SIMD16<Float>(repeating: 0)
    bytes(&zeros, Int((0 &- count) & (TicketFormat.alignment - 1)))
  }
}
