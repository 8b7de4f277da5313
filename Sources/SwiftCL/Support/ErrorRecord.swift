import CSwiftCL

/// Writes a failure as one line for a person into a fixed C record: no String,
/// no allocation, truncated rather than overrun.
struct ErrorRecord {
  let record: UnsafeMutablePointer<swiftcl_error>
  private let text: UnsafeMutablePointer<CChar>
  private var length = 0

  private static let capacity = Int(SWIFTCL_MESSAGE_BYTES)

  init(_ record: UnsafeMutablePointer<swiftcl_error>) {
    self.record = record
    // The message follows the status without a gap.
    let start = UnsafeMutableRawPointer(record) + MemoryLayout<swiftcl_status>.size
    text = start.assumingMemoryBound(to: CChar.self)
  }

  @inline(never)
  mutating func begin(_ status: swiftcl_status, _ call: StaticString) {
    record.pointee.status = status
    length = 0
    append(call)
    append(": ")
  }

  @inline(never)
  mutating func append(_ part: StaticString) {
    let bytes = part.utf8Start
    for i in 0..<part.utf8CodeUnitCount { put(CChar(bitPattern: bytes[i])) }
    text[length] = 0
  }

  @inline(never)
  mutating func append(_ number: Int) {
    if number < 0 { put(45) }
    let magnitude = number.magnitude
    var divisor: UInt = 1
    while magnitude / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      put(CChar(48 + Int8(truncatingIfNeeded: (magnitude / divisor) % 10)))
      divisor /= 10
    }
    text[length] = 0
  }

  /// Three digits after the point are enough to recognise the value one passed.
  mutating func append(_ number: Float) {
    if number.isNaN {
      append("NaN")
    } else if number.isInfinite {
      append(number < 0 ? "-infinity" : "infinity")
    } else if number.magnitude >= 1e15 {
      append(number < 0 ? "below -1e15" : "above 1e15")
    } else {
      if number < 0 { put(45) }
      let scaled = UInt64(Double(number.magnitude) * 1000 + 0.5)
      append(Int(truncatingIfNeeded: scaled / 1000))
      put(46)
      let rest = Int(truncatingIfNeeded: scaled % 1000)
      append(rest / 100)
      append(rest / 10 % 10)
      append(rest % 10)
    }
  }

  /// The caller's text, as far as there is room with what follows.
  mutating func append(path text: UnsafePointer<CChar>) {
    var i = 0
    while text[i] != 0 && length < ErrorRecord.capacity - 40 {
      put(text[i])
      i += 1
    }
    if text[i] != 0 { append("...") }
  }

  private mutating func put(_ character: CChar) {
    guard length < ErrorRecord.capacity - 1 else { return }
    text[length] = character
    length += 1
  }

  // MARK: whole messages

  /// `call: what`
  @inline(never)
  static func fail(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ status: swiftcl_status, _ call: StaticString,
    _ what: StaticString
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(status, call)
    message.append(what)
    return status
  }

  /// `call: what` and a number behind it.
  @inline(never)
  static func fail(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ status: swiftcl_status, _ call: StaticString,
    _ what: StaticString, _ number: Int
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(status, call)
    message.append(what)
    message.append(number)
    return status
  }

  /// `call: what path: system error n`
  @inline(never)
  static func fail(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ status: swiftcl_status, _ call: StaticString,
    _ what: StaticString, _ path: UnsafePointer<CChar>, systemError: Int32
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(status, call)
    message.append(what)
    message.append(path: path)
    message.append(": system error ")
    message.append(Int(systemError))
    return status
  }

  /// `call: argument is value, expected …`, with the limit behind when there is one.
  @inline(never)
  static func fail(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ status: swiftcl_status, _ call: StaticString,
    _ argument: StaticString, is value: Int, expected: StaticString, _ limit: Int? = nil
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(status, call)
    message.append(argument)
    message.append(" is ")
    message.append(value)
    message.append(", expected ")
    message.append(expected)
    if let limit { message.append(limit) }
    return status
  }

  @inline(never)
  static func fail(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ status: swiftcl_status, _ call: StaticString,
    _ argument: StaticString, is value: Float, expected: StaticString
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(status, call)
    message.append(argument)
    message.append(" is ")
    message.append(value)
    message.append(", expected ")
    message.append(expected)
    return status
  }

  /// `call: argument[index] is value, expected …`
  @inline(never)
  static func fail(
    _ record: UnsafeMutablePointer<swiftcl_error>, _ status: swiftcl_status, _ call: StaticString,
    _ argument: StaticString, at index: Int, is value: Int, expected: StaticString,
    _ limit: Int? = nil
  ) -> swiftcl_status {
    var message = ErrorRecord(record)
    message.begin(status, call)
    message.append(argument)
    message.append("[")
    message.append(index)
    message.append("] is ")
    message.append(value)
    message.append(", expected ")
    message.append(expected)
    if let limit { message.append(limit) }
    return status
  }
}

extension Int {
  /// For messages: sizes from C may exceed Int.
  init(shown value: UInt64) { self = value > UInt64(Int.max) ? Int.max : Int(value) }
  init(shown value: UInt) { self.init(shown: UInt64(value)) }

  /// Where Int has 32 bits a number from C may exceed it, too: it is then the largest, which every
  /// check refuses. Swift's own conversion would trap.
  @inline(__always)
  init(_ value: UInt32) {
    self = Int.bitWidth > 32 || value <= 0x7FFF_FFFF ? Int(truncatingIfNeeded: value) : Int.max
  }
}
