import CSwiftCL

/// Checks every byte of a ticket before anything is used: checksums, then each
/// field, so that no forged ticket can lead a kernel outside its own bytes.
struct TicketCheck {
  let data: UnsafeRawPointer
  /// Bytes that the caller has; the ticket may be shorter.
  let given: Int
  let call: StaticString
  let error: UnsafeMutablePointer<swiftcl_error>

  /// The ticket, not yet a handle; nil after a message.
  func open() -> OpenTicket? {
    let misplaced = UInt(bitPattern: data) % UInt(SWIFTCL_TICKET_ALIGNMENT)
    if misplaced != 0 {
      _ = ErrorRecord.fail(
        error, SWIFTCL_E_ALIGNMENT, call, "data's address modulo the alignment", is: Int(misplaced),
        expected: "0; the alignment is ", Int(SWIFTCL_TICKET_ALIGNMENT))
      return nil
    }
    guard let header = checkedHeader(), let ticket = opened(header) else { return nil }
    return ticket
  }

  private func refuse<T>(_ status: swiftcl_status, _ reason: StaticString) -> T? {
    _ = ErrorRecord.fail(error, status, call, reason)
    return nil
  }

  private func checkedHeader() -> UnsafePointer<swiftcl_ticket_header>? {
    if given < TicketFormat.headerBytes { return tooShort() }
    let header = data.assumingMemoryBound(to: swiftcl_ticket_header.self)
    if UInt64(littleEndian: header.pointee.magic) != TicketFormat.magic {
      return refuse(SWIFTCL_E_FORMAT, "this is no ticket of libswiftcl")
    }
    if header.pointee.endianness != CheckpointFormat.endianness || header.pointee.major < 1 {
      return refuse(SWIFTCL_E_FORMAT, "this is no ticket that this library can read")
    }
    // A newer major version may keep its checksum elsewhere.
    if header.pointee.major > TicketFormat.major {
      return refuse(SWIFTCL_E_VERSION, "the ticket was written by a newer version of the format")
    }
    if checksum(0, TicketFormat.sealedBytes) != header.pointee.header_crc { return damaged() }
    let bytes = header.pointee.bytes
    if bytes > UInt64(given) { return tooShort() }
    if bytes < UInt64(TicketFormat.headerBytes) { return impossible() }
    let body = Int(bytes) - TicketFormat.headerBytes
    if checksum(TicketFormat.headerBytes, body) != header.pointee.body_crc { return damaged() }
    if header.pointee.flags & ~(Features.int8 ? TicketFormat.int8 : 0) != 0
      || header.pointee.reserved != 0
    {
      return unsupported()
    }
    return header
  }

  private func checksum(_ start: Int, _ count: Int) -> UInt32 {
    var crc = CRC32C()
    crc.update(data + start, count)
    return crc.value
  }

  private func tooShort<T>() -> T? { refuse(SWIFTCL_E_FORMAT, "the ticket ends too early") }
  private func damaged<T>() -> T? { refuse(SWIFTCL_E_CORRUPT, "a checksum does not match") }
  private func impossible<T>() -> T? {
    refuse(SWIFTCL_E_CORRUPT, "the ticket's sizes or offsets are impossible")
  }
  private func unsupported<T>() -> T? {
    refuse(SWIFTCL_E_UNSUPPORTED, "the ticket needs a newer version of the library")
  }

  // MARK: fields

  private func opened(_ pointer: UnsafePointer<swiftcl_ticket_header>) -> OpenTicket? {
    let header = pointer.pointee
    if header.input_type > SWIFTCL_INPUT_I16 { return unsupported() }
    if header.inputs < 1 || header.inputs > UInt32(DescriptionCheck.largestInputs)
      || header.input_type < 0 || header.input_layout < 0
      || header.input_layout > SWIFTCL_LAYOUT_PLANAR
      || header.input_channels < 1 || header.inputs % header.input_channels != 0
      || header.class_count < 1 || header.class_count > UInt32(DescriptionCheck.largestWidth)
      || header.layer_count < 1 || header.layer_count > UInt32(LayerCheck.mostStages)
      || !has(header.layers, UInt64(header.layer_count) * UInt64(TicketFormat.layerBytes / 4))
      || !has(header.classes, UInt64(header.class_count))
      || header.scale != 0 && !has(header.scale, UInt64(header.input_channels) * 2)
    {
      return impossible()
    }
    let input = InputFormat(
      elements: Int(header.inputs), type: header.input_type, layout: header.input_layout,
      channels: Int(header.input_channels))
    var ticket = OpenTicket(
      magic: OpenTicket.sentinel, memory: Memory(hook: swiftcl_allocator()), ownsHandle: false,
      header: pointer,
      layers: (data + Int(header.layers)).assumingMemoryBound(to: swiftcl_ticket_layer.self),
      classes: (data + Int(header.classes)).assumingMemoryBound(to: Int32.self), input: input)
    if header.scale != 0 {
      let scale = ticket.section(header.scale, Float.self)
      ticket.input.scale = scale
      ticket.input.offset = scale + input.channels
    }
    if !keepsFinite(ticket.input) {
      return refuse(SWIFTCL_E_NONFINITE, "the ticket's input scale or offset is not finite")
    }
    if ticket.isInt8 && (!has(header.ranges, ticket.rangeWords) || !ticket.rangesArePossible) {
      return impossible()
    }
    var images = InlineArray<32, Image>(repeating: Image(height: 1, width: 1, maps: 0))
    for l in 0..<ticket.layerCount {
      if !check(ticket, l, &images) { return nil }
    }
    let image = images[ticket.layerCount - 1]
    if image.maps != Int(header.class_count) || image.height * image.width != 1 {
      return impossible()
    }
    ticket.planScratch()
    if ticket.activations > ScratchPlaces.largest { return impossible() }
    return ticket
  }

  /// What the layers so far leave.
  private struct Image {
    var height: Int
    var width: Int
    var maps: Int
  }

  /// Whether a layer's window fits the image that it reads; notes what the layer gives.
  private func passes(_ ticket: OpenTicket, _ l: Int, _ images: inout InlineArray<32, Image>)
    -> Bool
  {
    let layer = ticket.layers[l]
    let isWindowed = layer.kind == TicketFormat.windowed
    if isWindowed != (layer.window != 0) { return false }
    if isWindowed && !has(layer.window, UInt64(TicketWindow.count)) { return false }
    let window = ticket.window(l)
    // Where an Int has 32 bits, a crafted number may be below 0.
    if !window.isPossible || window.input < 0 || window.input > l || window.added < 0
      || window.added > l
    {
      return false
    }
    let own = window.count(padded: Panels.pad(Int(truncatingIfNeeded: layer.units)))
    if isWindowed && !has(layer.window, UInt64(own)) { return false }
    var image = Image(height: 1, width: 1, maps: Int(ticket.header.pointee.inputs))
    if l > 0 { image = images[ticket.input(of: l, window)] }
    if l == 0 && isWindowed {
      // The input is an image if its first layer has a window over one.
      let channels = ticket.input.channels
      if window.window.pixels > 1 || window.isPlanar {
        if window.window.pixels != image.maps / channels { return false }
        image = Image(height: window.window.height, width: window.window.width, maps: channels)
      }
    }
    if l > 0 && window.isPlanar { return false }
    if window.window.height != image.height || window.window.width != image.width { return false }
    let (inputs, overflow) = window.window.taps.multipliedReportingOverflow(by: image.maps)
    if overflow || inputs > DescriptionCheck.largestInputs || layer.inputs != UInt32(inputs) {
      return false
    }
    let pixels = max(window.window.outPixels, window.surfacePixels)
    if pixels > LayerCheck.largestMaps / max(16, ticket.panels(l).padded) {
      return false
    }
    if window.added > 0 {
      let other = images[window.added - 1]
      if other.height != window.window.outHeight || other.width != window.window.outWidth
        || other.maps != Int(truncatingIfNeeded: layer.units)
        || layer.flags & TicketFormat.perSample != 0
      {
        return false
      }
    }
    images[l] = Image(
      height: window.surfaceHeight, width: window.surfaceWidth,
      maps: Int(truncatingIfNeeded: layer.units))
    return true
  }

  /// Whether `count` elements of four bytes lie at an offset, behind the header.
  private func has(_ offset: UInt64, _ count: UInt64) -> Bool {
    let end = data.load(fromByteOffset: 24, as: UInt64.self)
    return offset % TicketFormat.alignment == 0 && offset >= UInt64(TicketFormat.headerBytes)
      && offset <= end && count <= (end - offset) / 4
  }

  private func keepsFinite(_ input: InputFormat) -> Bool {
    guard let scale = input.scale, let offset = input.offset else { return true }
    for c in 0..<input.channels {
      let largest = input.isFloat ? scale[c].magnitude : scale[c].magnitude * 32_768
      if !(largest + offset[c].magnitude).isFinite { return false }
    }
    return true
  }

  private func check(_ ticket: OpenTicket, _ l: Int, _ images: inout InlineArray<32, Image>)
    -> Bool
  {
    let layer = ticket.layers[l]
    let flags = TicketFormat.relu | TicketFormat.perSample
    if !Features.all
      && (layer.kind != TicketFormat.dense || layer.flags & TicketFormat.perSample != 0)
    {
      _ = refuse(SWIFTCL_E_UNSUPPORTED, Features.refusal) as Bool?
      return false
    }
    if layer.kind < TicketFormat.dense || layer.kind > TicketFormat.windowed
      || layer.element != (ticket.isInt8 ? TicketFormat.i8 : TicketFormat.f32)
      || layer.flags & ~flags != 0 || layer.reserved != 0
    {
      _ = unsupported() as Bool?
      return false
    }
    let competes = layer.flags & TicketFormat.perSample != 0
    if layer.units < 1
      || layer.units > UInt32(DescriptionCheck.largestWidth)
      || layer.block_size < 1 || layer.units % layer.block_size != 0
      || !competes && layer.block_size != 1
      || !has(layer.bias, UInt64(ticket.panels(l).padded) * (ticket.isInt8 ? 2 : 1))
      || !passes(ticket, l, &images)
      || !has(layer.weights, weightWords(ticket, layer, l))
      || layer.winners != 0 && !has(layer.winners, UInt64(layer.blocks))
      || layer.winners == 0 && layer.blocks != 0
    {
      _ = impossible() as Bool?
      return false
    }
    if ticket.isInt8 {
      if ticket.sumsFit(l) { return true }
      _ = impossible() as Bool?
      return false
    }
    if !allFinite(ticket.section(layer.bias, Float.self), ticket.panels(l).padded)
      || !allFinite(ticket.section(layer.weights, Float.self), ticket.panels(l).count)
      || !normIsFinite(ticket, l)
    {
      _ = refuse(SWIFTCL_E_NONFINITE, "a parameter of the ticket is not finite") as Bool?
      return false
    }
    return true
  }
}

extension TicketCheck {
  /// Elements of four bytes.
  private func weightWords(_ ticket: OpenTicket, _ layer: swiftcl_ticket_layer, _ l: Int) -> UInt64
  {
    let inputs = UInt64(layer.inputs)
    return UInt64(ticket.panels(l).padded) * (ticket.isInt8 ? (inputs + 3) / 4 : inputs)
  }

  private func normIsFinite(_ ticket: OpenTicket, _ l: Int) -> Bool {
    if !ticket.window(l).normalises { return true }
    let factors = ticket.section(ticket.layers[l].window, Float.self) + TicketWindow.count
    return allFinite(factors, 2 * ticket.panels(l).padded)
  }
}

/// Handles: a checked ticket in a few bytes of its own.
extension OpenTicket {
  static func release(_ ticket: UnsafeMutablePointer<OpenTicket>) {
    ticket.pointee.magic = 0
    let memory = ticket.pointee.memory
    if ticket.pointee.ownsHandle { memory.release(ticket, Int(SWIFTCL_TICKET_BYTES)) }
  }
}
