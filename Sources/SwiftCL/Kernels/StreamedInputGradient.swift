import CSwiftCL

/// The input gradient of a single row through a wide layer, whose weights come from
/// afar: panel by panel in the order in which they lie, as memory likes to be read.
///
/// The sixteen sums of each input of a block wait in the first cache meanwhile. The sums
/// are those of the other ways, in the same order.
struct StreamedGradient {
  var dy: UnsafePointer<Float>
  var padded: Int
  var weights: UnsafePointer<Float>
  var panelStep: Int
  var inputs: Int
  var dx: UnsafeMutablePointer<Float>
  var mask: UnsafePointer<Float>?

  /// Whether this is the way for so many rows and outputs. The widest variant leaves single
  /// rows to the narrower one; where the multiply-add is emulated, memory is not what waits.
  @inline(__always)
  static func serves(rows: Int, padded: Int) -> Bool {
    #if SWIFTCL_VARIANT_V4 || SWIFTCL_VARIANT_BASE
      return false
    #else
      return rows == 1 && padded > 512 && Int(SWIFTCL_SCRATCH_FLOATS) >= 4096
    #endif
  }

  func run() {
    withUnsafePointer(to: self) { pass in
      swiftcl_lend_scratch(
        { $0.assumingMemoryBound(to: StreamedGradient.self).pointee.run($1) }, pass)
    }
  }

  private func run(_ sums: UnsafeMutablePointer<Float>) {
    var first = 0
    while first < inputs {
      let count = evenShare(of: inputs &- first, atMost: Int(SWIFTCL_SCRATCH_FLOATS) / 16)
      // Several panels at a time, as memory serves many streams better than one.
      var panel = 0
      while panel < padded >> 4 {
        let source = weights + (panel &* panelStep &+ first &* 16)
        let share = padded >> 4 &- panel >= 6 ? 6 : 1
        if share == 6 {
          add(source, panel: panel, count: count, to: sums, Strip6.self)
        } else {
          add(source, panel: panel, count: count, to: sums, Strip1.self)
        }
        panel &+= share
      }
      var input = first
      while input < first &+ count {
        let open = mask.map { $0[input] > 0 } ?? true
        dx[input] = open ? folded(sums.lanes(at: (input &- first) &* 16)) : 0
        input &+= 1
      }
      first &+= count
    }
    var pad = inputs
    while pad < Panels.pad(inputs) {
      dx[pad] = 0
      pad &+= 1
    }
  }

  /// Adds what a strip of panels gives to the sums, panel by panel.
  @inline(__always)
  private func add<S: Strip>(
    _ source: UnsafePointer<Float>, panel: Int, count: Int, to sums: UnsafeMutablePointer<Float>,
    _: S.Type
  ) {
    let factors = S(from: dy + panel &* 16, step: 16)
    var at = 0
    while at < count &* 16 {
      let sum = panel == 0 ? Lanes.zero : sums.lanes(at: at)
      sums.setLanes(factors.products(S(from: source + at, step: panelStep), after: sum), at: at)
      at &+= 16
    }
  }
}
