import CSwiftCL

/// Constant strings as C sees them.
enum Text {
  /// A StaticString's bytes end with a zero.
  static func pointer(_ text: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  static func name(of status: swiftcl_status) -> StaticString {
    switch status {
    case SWIFTCL_OK: return "SWIFTCL_OK"
    case SWIFTCL_E_NULL: return "SWIFTCL_E_NULL"
    case SWIFTCL_E_ARGUMENT: return "SWIFTCL_E_ARGUMENT"
    case SWIFTCL_E_STRUCT: return "SWIFTCL_E_STRUCT"
    case SWIFTCL_E_STATE: return "SWIFTCL_E_STATE"
    case SWIFTCL_E_MEMORY: return "SWIFTCL_E_MEMORY"
    case SWIFTCL_E_CAPACITY: return "SWIFTCL_E_CAPACITY"
    case SWIFTCL_E_BUFFER: return "SWIFTCL_E_BUFFER"
    case SWIFTCL_E_NONFINITE: return "SWIFTCL_E_NONFINITE"
    case SWIFTCL_E_LABEL: return "SWIFTCL_E_LABEL"
    case SWIFTCL_E_TASK: return "SWIFTCL_E_TASK"
    case SWIFTCL_E_OWNED: return "SWIFTCL_E_OWNED"
    case SWIFTCL_E_SHARED: return "SWIFTCL_E_SHARED"
    case SWIFTCL_E_ALIGNMENT: return "SWIFTCL_E_ALIGNMENT"
    case SWIFTCL_E_IO: return "SWIFTCL_E_IO"
    case SWIFTCL_E_FORMAT: return "SWIFTCL_E_FORMAT"
    case SWIFTCL_E_CORRUPT: return "SWIFTCL_E_CORRUPT"
    case SWIFTCL_E_VERSION: return "SWIFTCL_E_VERSION"
    case SWIFTCL_E_MISMATCH: return "SWIFTCL_E_MISMATCH"
    case SWIFTCL_E_STOPPED: return "SWIFTCL_E_STOPPED"
    case SWIFTCL_E_UNSUPPORTED: return "SWIFTCL_E_UNSUPPORTED"
    default: return "unknown status"
    }
  }
}
