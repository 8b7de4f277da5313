import CSwiftCL

/// What a build has. Firmware may be built for dense layers that compete per task, alone
/// (SWIFTCL_DENSE): what other layers, masks, replay, other samplers and moving protection add is
/// then a constant, and the compiler leaves out all that depends on it; eight-bit tickets likewise,
/// unless SWIFTCL_INT8 asks for them. A description or a ticket that asks for more is refused.
enum Features {
  #if SWIFTCL_DENSE
    static var all: Bool { false }
  #else
    static var all: Bool { true }
  #endif

  /// Tickets with eight-bit weights.
  #if SWIFTCL_DENSE && !SWIFTCL_INT8
    static var int8: Bool { false }
  #else
    static var int8: Bool { true }
  #endif

  static var refusal: StaticString {
    "this build has dense layers alone, that compete per task by mean or random"
  }
}

/// What a property is where there is none of it.
protocol Blank {
  static var blank: Self { get }
}

extension Bool: Blank {
  static var blank: Bool { false }
}

/// No layer.
extension Int: Blank {
  static var blank: Int { -1 }
}

extension Float: Blank {
  static var blank: Float { 0 }
}

extension Optional: Blank {
  static var blank: Self { nil }
}

extension Window: Blank {
  static var blank: Window { Window() }
}

extension Transition: Blank {
  static var blank: Transition { Transition(kind: 0, window: Window()) }
}

/// A property that only a build with all features has.
@propertyWrapper
struct Beyond<Value: Blank> {
  #if SWIFTCL_DENSE
    @inline(__always)
    init(wrappedValue: Value) {}

    @inline(__always)
    var wrappedValue: Value {
      get { Value.blank }
      set {}
    }
  #else
    var wrappedValue: Value

    @inline(__always)
    init(wrappedValue: Value) { self.wrappedValue = wrappedValue }
  #endif
}
