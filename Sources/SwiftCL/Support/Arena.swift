/// Lays typed regions one behind another, either over real memory or, to
/// measure, over none. The plan and the binding are one piece of code, so that
/// they cannot disagree.
struct Arena {
  #if SWIFTCL_FIRMWARE
    static let alignment = 16
  #else
    static let alignment = 64
  #endif
  /// Above this no address space of a target can hold it; stops overflow early.
  private static let largest = Int(truncatingIfNeeded: min(UInt64(1) << 46, UInt64(Int.max / 4)))

  private let base: UnsafeMutableRawPointer
  private(set) var used = 0
  private(set) var overflows = false

  /// Measures: the pointers it hands out must not be followed.
  init(measuring: Void) {
    base = Arena.nowhere
  }

  init(_ memory: UnsafeMutableRawPointer) {
    base = memory
  }

  /// A non-null address that nothing lives at.
  static var nowhere: UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(bitPattern: UInt(alignment)).unsafelyUnwrapped
  }

  @inline(__always)
  mutating func take<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
    take(count, stride: MemoryLayout<T>.stride).assumingMemoryBound(to: type)
  }

  @inline(never)
  private mutating func take(_ count: Int, stride: Int) -> UnsafeMutableRawPointer {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: stride)
    if overflow || count < 0 || bytes > Arena.largest || used > Arena.largest {
      overflows = true
      return base
    }
    let place = base + used
    used += (bytes &+ Arena.alignment &- 1) / Arena.alignment * Arena.alignment
    return place
  }

  /// Room whose address is asked for elsewhere.
  mutating func reserve(floats count: Int) { _ = take(Float.self, count) }

  /// Bytes taken since `mark`, for the parts of a plan.
  mutating func taken(since mark: inout Int) -> UInt64 {
    let bytes = used - mark
    mark = used
    return UInt64(bytes)
  }
}
