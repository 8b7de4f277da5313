import CSwiftCL

extension BuiltinKernels {
  /// The optimiser's step from a stored gradient.
  static func applyUpdate(
    gradient: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
    owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?, count: Int,
    update: UnsafePointer<swiftcl_update>
  ) {
    let target = UpdateTarget(
      weights: weights, first: first, second: second, owned: owned, rates: rates, update: update)
    target.apply(StoredGradient(start: gradient), start: 0, count: count)
  }

  /// The weight gradient and the optimiser's step in one pass, without a gradient matrix.
  ///
  /// A block of gradients is summed in registers, rests in the first cache, and is
  /// applied by the same code as a stored gradient, so the two agree bit for bit.
  static func weightUpdate(
    x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
    inputs: Int, padded: Int, weights: UnsafeMutablePointer<Float>,
    first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
    owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?,
    update: UnsafePointer<swiftcl_update>
  ) {
    let target = UpdateTarget(
      weights: weights, first: first, second: second, owned: owned, rates: rates, update: update)
    #if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
      if rows == 1 {
        var panel = 0
        while panel < padded >> 4 {
          target.apply(
            SampleGradient(x: x, dy: dy.lanes(at: panel &* 16)), start: panel &* inputs &* 16,
            count: inputs &* 16)
          panel &+= 1
        }
        return
      }
    #endif
    var block = GradientBlock()
    withUnsafeMutablePointer(to: &block) { block in
      block.withMemoryRebound(to: Float.self, capacity: GradientBlock.floats) { scratch in
        let mostPanels = TileShape.panels(rows: min(inputs, TileShape.rows))
        var panel = 0
        while panel < padded >> 4 {
          let panels = evenShare(of: padded >> 4 &- panel, atMost: mostPanels)
          let mostInputs = GradientBlock.vectors / panels
          var input = 0
          while input < inputs {
            let share = evenShare(of: inputs &- input, atMost: mostInputs)
            let start = panel &* inputs &* 16 &+ input &* 16
            updateBlock(
              target, x: x + input, xStride: xStride, dy: dy + panel &* 16, dyStride: dyStride,
              rows: rows, share: share, panels: panels, start: start, panelStep: inputs &* 16,
              scratch: scratch)
            input &+= share
          }
          panel &+= panels
        }
      }
    }
  }

  /// One block of gradients summed and applied, unless all its weights are frozen.
  @inline(__always)
  private static func updateBlock(
    _ target: UpdateTarget, x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>,
    dyStride: Int, rows: Int, share: Int, panels: Int, start: Int, panelStep: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let count = share &* 16
    if let ownership = target.ownership {
      var panel = 0
      while panel < panels && ownership.allFrozen(at: start &+ panel &* panelStep, count: count) {
        panel &+= 1
      }
      if panel == panels { return }
    }
    gradientBlock(
      x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: share,
      panels: panels, gradient: scratch, panelStep: count)
    var panel = 0
    while panel < panels {
      target.apply(
        StoredGradient(start: UnsafePointer(scratch + panel &* count)),
        start: start &+ panel &* panelStep, count: count)
      panel &+= 1
    }
  }
}

/// Room on the stack for a block of gradients.
///
/// One register tile, so that the processor can sum the next block while the memory
/// still serves the last; longer blocks measured slower.
private struct GradientBlock {
  #if arch(arm) || arch(riscv32)
    static var vectors: Int { 4 }
    private var lanes = InlineArray<4, Lanes>(repeating: Lanes.zero)
  #else
    static var vectors: Int { 24 }
    private var lanes = InlineArray<24, Lanes>(repeating: Lanes.zero)
  #endif

  static var floats: Int { vectors &* 16 }
}
