import CSwiftCL

/// Where blocks come from: the caller's functions, the C library, or nowhere
/// (a network in the caller's memory never allocates).
struct Memory {
  var hook: swiftcl_allocator

  func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
    if let allocate = hook.allocate {
      guard let block = allocate(hook.context, bytes, Arena.alignment) else { return nil }
      if UInt(bitPattern: block) % UInt(Arena.alignment) != 0 {
        release(block, bytes)
        return nil
      }
      return block
    }
    #if SWIFTCL_FIRMWARE
      return nil
    #else
      return swiftcl_host_allocate(bytes, Arena.alignment)
    #endif
  }

  func release(_ block: UnsafeMutableRawPointer, _ bytes: Int) {
    if hook.allocate != nil {
      if let release = hook.release { release(hook.context, block, bytes) }
      return
    }
    #if !SWIFTCL_FIRMWARE
      swiftcl_host_release(block)
    #endif
  }
}
