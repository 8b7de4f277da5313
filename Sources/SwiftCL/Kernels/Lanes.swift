import CSwiftCL

/// Sixteen neighbouring outputs: the unit in which all kernels read and write.
///
/// One width on every target keeps one written order of arithmetic; the compiler
/// maps it to one, two or four registers, or to sixteen scalars.
typealias Lanes = SIMD16<Float>

extension UnsafePointer where Pointee == Float {
  /// Reads sixteen floats that are aligned to four bytes only.
  @inline(__always)
  func lanes(at index: Int) -> Lanes {
    let start = self + index
    #if arch(arm)
      // Whole floats keep their alignment, which the load instructions of
      // Cortex-M's floating-point unit require.
      return Lanes(
        start[0], start[1], start[2], start[3], start[4], start[5], start[6], start[7],
        start[8], start[9], start[10], start[11], start[12], start[13], start[14], start[15])
    #else
      return UnsafeRawPointer(start).loadUnaligned(as: Lanes.self)
    #endif
  }
}

extension UnsafeMutablePointer where Pointee == Float {
  /// Reads sixteen floats that are aligned to four bytes only.
  @inline(__always)
  func lanes(at index: Int) -> Lanes {
    UnsafePointer(self).lanes(at: index)
  }

  /// Writes sixteen floats that are aligned to four bytes only.
  @inline(__always)
  func setLanes(_ lanes: Lanes, at index: Int) {
    let start = self + index
    #if arch(arm)
      var lane = 0
      while lane < 16 {
        start[lane] = lanes[lane]
        lane &+= 1
      }
    #else
      UnsafeMutableRawPointer(start).storeBytes(of: lanes, as: Lanes.self)
    #endif
  }
}

/// The one multiply-add of all products: `a * b + c`, rounded once.
///
/// An instruction where the target has it, else emulated exactly (`swiftcl_lanes.h`), so
/// that every target computes the same sums.
@inline(__always)
func fma16(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
  swiftcl_fma(a, b, c)
}

extension SIMD16<Float> {
  /// Keeps positive values and makes everything else, NaN too, +0.
  ///
  /// A selection, because `max` treats NaN and -0 differently from one instruction set
  /// to the next.
  @inline(__always)
  var rectified: Lanes { swiftcl_where_positive(self, self) }

  /// These lanes where `gate` is positive, 0 elsewhere.
  @inline(__always)
  func opened(by gate: Lanes) -> Lanes { swiftcl_where_positive(gate, self) }

  /// These lanes where the mask is -1, those of `other` where it is 0.
  @inline(__always)
  func chosen(by mask: SIMD16<Int32>, else other: Lanes) -> Lanes {
    swiftcl_choose(mask, self, other)
  }
}

/// The size of the next piece when `remaining` is cut into as few pieces of at most
/// `most` as possible, all of nearly the same size.
///
/// Equal pieces matter: nine rows as 8 + 1 would read all weights once for one row.
@inline(__always)
func evenShare(of remaining: Int, atMost most: Int) -> Int {
  if remaining <= most { return remaining }
  let pieces = (remaining &+ most &- 1) / most
  return (remaining &+ pieces &- 1) / pieces
}
