import CSwiftCL

/// The entries whose weight gradient is computed: all, or those that are listed.
extension swiftcl_sparse {
  /// Where those of each group begin.
  @inline(__always)
  var bounds: UnsafePointer<Int32> { active_starts ?? starts }

  /// The entry that is computed as number `next`.
  @inline(__always)
  func entry(_ next: Int) -> Int { active.map { Int($0[next]) } ?? next }
}
