import CSwiftCL

/// The ticket format (docs/file-formats.md): a header, one record a layer, and
/// the numbers in the order in which kernels read them. Offsets, no pointers; no
/// time, no trace of the machine or the flavour that wrote it.
enum TicketFormat {
  /// "SWIFTCLT" in memory order.
  static let magic: UInt64 = 0x544C_4354_4649_5753
  static let major: UInt32 = 1
  static let minor: UInt32 = 0

  /// Sections start at multiples of this from the start of the ticket.
  static let alignment: UInt64 = 64
  static let headerBytes = 128
  static let layerBytes = 64
  /// The header's bytes before its own checksum.
  static let sealedBytes = 124

  /// Kinds of layers and types of weights that this version can run.
  static let dense: UInt32 = 1
  /// With a window, or maps that are pooled.
  static let windowed: UInt32 = 2
  static let f32: UInt32 = 0
  static let i8: UInt32 = 1

  /// Flag of the header: every layer's weights are int8, and there are ranges.
  static let int8: UInt32 = 1
  /// Tickets with int8 weights say this minor version.
  static let int8Minor: UInt32 = 1

  /// Flags of a layer.
  static let relu: UInt32 = 1
  static let perSample: UInt32 = 2
}

/// A ticket that was checked, used where it lies. Nothing writes to it after
/// it was opened: any number of threads may read it.
struct OpenTicket {
  static let sentinel: UInt64 = 0x7377_6966_7463_6C54

  var magic: UInt64
  /// Where the handle came from; one in the caller's memory is not released.
  var memory: Memory
  var ownsHandle: Bool

  var header: UnsafePointer<swiftcl_ticket_header>
  var layers: UnsafePointer<swiftcl_ticket_layer>
  var classes: UnsafePointer<Int32>
  var input: InputFormat
  /// Elements of scratch for one row, floats or, in int8 tickets, sixteen-bit integers: of the
  /// activations, and of the converted inputs.
  var activations = 0
  var converted = 0
  /// Whether every layer reads just the one before.
  var isChain = true
  /// Elements for inputs gathered under a window, whatever the number of rows.
  var patches = 0
  /// Rows beyond which a larger chunk gains nothing.
  var fastRows = 1

  var isInt8: Bool { Features.int8 && header.pointee.flags & TicketFormat.int8 != 0 }
  private var elementBytes: Int { isInt8 ? 2 : 4 }
  var rowBytes: Int { (activations + converted) * elementBytes }
  var patchBytes: Int { patches * elementBytes }
  var classCount: Int { Int(header.pointee.class_count) }
  var layerCount: Int { Int(header.pointee.layer_count) }

  func section<T>(_ offset: UInt64, _ type: T.Type) -> UnsafePointer<T> {
    (UnsafeRawPointer(header) + Int(offset)).assumingMemoryBound(to: type)
  }

  func panels(_ l: Int) -> Panels {
    Panels(
      inputs: Int(truncatingIfNeeded: layers[l].inputs),
      outputs: Int(truncatingIfNeeded: layers[l].units))
  }

  func window(_ l: Int) -> TicketWindow {
    if !Features.all || layers[l].window == 0 { return TicketWindow() }
    return TicketWindow(section(layers[l].window, UInt32.self))
  }

  /// Rows that are gathered at a time: a few tiles.
  func patchRows(_ window: TicketWindow) -> Int { min(48, window.window.outPixels) }

  /// Plans the scratch of a row and of a chunk.
  mutating func planScratch() {
    for l in 0..<layerCount {
      if !Features.all { break }
      let window = window(l)
      if window.input > 0 || window.added > 0 { isChain = false }
      if isInt8 ? gathersShorts(l, window) : window.gathers {
        let row = Panels.pad(Int(layers[l].inputs))
        patches = max(patches, patchRows(window) * row + Patches.slack)
      }
    }
    activations = ScratchPlaces(self).total
    converted = isInt8 ? convertedShorts : input.isPlain ? 0 : input.elements
    // A megabyte of rows and activations stays in the second cache of today's
    // processors; multiples of 48 are whole tiles of every variant.
    let row = activations + input.elements
    fastRows = max(1, min(256, 262_144 / row))
    if fastRows >= 48 { fastRows = fastRows / 48 * 48 }
  }

  func info() -> swiftcl_ticket_info {
    var info = swiftcl_ticket_info()
    let header = header.pointee
    info.task = header.task
    info.format_major = header.major
    info.format_minor = header.minor
    info.user_tag = header.user_tag
    info.bytes = header.bytes
    info.inputs = header.inputs
    info.input_type = header.input_type
    info.input_channels = header.input_channels
    info.input_layout = header.input_layout
    info.class_count = header.class_count
    info.layer_count = header.layer_count
    for l in 0..<layerCount {
      let units = UInt64(layers[l].units)
      info.predict_macs +=
        units * UInt64(layers[l].inputs) * UInt64(window(l).window.outPixels)
      info.parameters += units * UInt64(layers[l].inputs + (window(l).normalises ? 2 : 1))
    }
    info.row_scratch_bytes = UInt64(rowBytes + patchBytes)
    info.fast_scratch_bytes = UInt64(rowBytes * fastRows + patchBytes)
    info.fast_rows = UInt32(fastRows)
    if isInt8 {
      info.weights = SWIFTCL_WEIGHTS_I8
      info.logit_scale = ranges[layerCount].scale
    }
    return info
  }
}
