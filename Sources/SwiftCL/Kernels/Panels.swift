/// Where the weights of one layer lie: in panels of sixteen outputs, as kernels read them.
///
/// Element (k, o) of a panel is the weight from input k to output o; all sixteen outputs
/// of one input are neighbours. Outputs are padded to whole panels; pads hold 0. The
/// OpenBLAS flavour has one panel that is as wide as the layer, because BLAS wants
/// plain rows.
struct Panels {
  var inputs: Int
  var outputs: Int

  /// The outputs with their pads: the next multiple of sixteen.
  @inline(__always)
  var padded: Int { Panels.pad(outputs) }

  /// The floats that the layer's weights take.
  @inline(__always)
  var count: Int { padded &* inputs }

  /// The next multiple of sixteen.
  @inline(__always)
  static func pad(_ n: Int) -> Int { (n &+ 15) & ~15 }

  /// So many outputs as products compute them: where there are vectors whole panels, else to
  /// the next multiple of eight. Of a last panel the rest is 0.
  @inline(__always)
  static func computed(_ outputs: Int) -> Int {
    #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
      return (outputs &+ 7) & ~7
    #else
      return pad(outputs)
    #endif
  }

  /// The place of the weight from input `k` to output `o`.
  @inline(__always)
  func index(_ k: Int, _ o: Int) -> Int {
    #if SWIFTCL_CBLAS
      return k &* padded &+ o
    #else
      return (o & ~15) &* inputs &+ k &* 16 &+ (o & 15)
    #endif
  }

  /// Copies panels to the usual order, one row of inputs for each output.
  func unpack(_ panels: UnsafePointer<Float>, to rows: UnsafeMutablePointer<Float>) {
    var o = 0
    while o < outputs {
      var k = 0
      while k < inputs {
        rows[o &* inputs &+ k] = panels[index(k, o)]
        k &+= 1
      }
      o &+= 1
    }
  }

  /// Copies one row of inputs for each output to panels and sets the pads to 0.
  func pack(_ rows: UnsafePointer<Float>, to panels: UnsafeMutablePointer<Float>) {
    var o = 0
    while o < padded {
      var k = 0
      while k < inputs {
        panels[index(k, o)] = o < outputs ? rows[o &* inputs &+ k] : 0
        k &+= 1
      }
      o &+= 1
    }
  }
}
