import CSwiftCL

// MARK: - Version and errors

/// Version of the library as text, for example "0.1.0".
///
/// - Returns: a constant string that is never freed. Any thread. Since 0.1.
@c(swiftcl_version)
public func swiftcl_version() -> UnsafePointer<CChar> {
  Text.pointer("0.1.0")
}

/// ABI version of the library; compare with SWIFTCL_ABI_VERSION of the header.
///
/// - Returns: a number that changes only when old programs stop working. Any thread. Since 0.1.
@c(swiftcl_abi_version)
public func swiftcl_abi_version() -> Int32 {
  SWIFTCL_ABI_VERSION
}

/// Which of the two flavours of the library runs.
///
/// - Returns: "builtin" or "openblas"; a constant string. Any thread. Since 0.1.
@c(swiftcl_flavour)
public func swiftcl_flavour() -> UnsafePointer<CChar> {
  #if SWIFTCL_CBLAS
    return Text.pointer("openblas")
  #else
    return Text.pointer("builtin")
  #endif
}

/// Which kernels were chosen for this machine; all of the built-in ones compute the same bits.
///
/// - Returns: "base", "avx2", "avx512", "neon", "scalar" or "openblas"; a constant string.
///   Any thread. Since 0.1.
@c(swiftcl_kernel_name)
public func swiftcl_kernel_name() -> UnsafePointer<CChar> {
  kernelName()
}

/// Name of a status code.
///
/// - Parameter status: any number.
/// - Returns: for example "SWIFTCL_E_NULL"; "unknown status" for a number that is none.
///   A constant string. Any thread. Since 0.1.
@c(swiftcl_status_name)
public func swiftcl_status_name(_ status: swiftcl_status) -> UnsafePointer<CChar> {
  Text.pointer(Text.name(of: status))
}

/// One sentence for a warning.
///
/// - Parameter warning: one SWIFTCL_WARN_ bit.
/// - Returns: a constant string; "unknown warning" for anything else. Any thread. Since 0.1.
@c(swiftcl_warning_text)
public func swiftcl_warning_text(_ warning: UInt32) -> UnsafePointer<CChar> {
  Text.pointer(Warnings.text(warning))
}

/// The last failure: its status and one line that names the argument, its value and what was
/// expected. A call that succeeds leaves it as it is.
///
/// - Parameter network: the network whose call failed, or NULL for calls that have no network to
///   remember it (create, load, plan, describe, the _init calls, all on a ticket): those are remembered
///   per thread.
/// - Returns: a record owned by the network (or the thread), valid until its next failure; never
///   NULL. Same thread rule as the network. Since 0.1.
@c(swiftcl_last_error)
public func swiftcl_last_error(_ network: swiftcl_network_const_ref?) -> UnsafePointer<
  swiftcl_error
> {
  guard let network else { return UnsafePointer(Boundary.threadError) }
  let pointer = UnsafeMutablePointer<Network>(network)
  guard pointer.pointee.magic == Network.sentinel else {
    return UnsafePointer(Boundary.threadError)
  }
  // The network's memory does not move: the address outlives the closure.
  return withUnsafePointer(to: &pointer.pointee.error) { $0 }
}
