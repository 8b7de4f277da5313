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
    #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
      target.apply(gradient, step: 16, start: 0, groups: count >> 4, lanes: 16)
      let last = count & ~15
      if last != count {
        target.apply(gradient + last, step: 16, start: last, groups: 1, lanes: 8)
      }
    #else
      target.apply(StoredGradient(start: gradient), start: 0, count: count)
    #endif
  }
}

#if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
  extension BuiltinKernels {
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
      // The widest variant leaves single rows to the narrower one.
      #if !SWIFTCL_VARIANT_V4
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
      var pass = UpdatePass(
        target: target, x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows,
        inputs: inputs, padded: padded)
      withUnsafePointer(to: &pass) { pass in
        swiftcl_lend_scratch({ $0.assumingMemoryBound(to: UpdatePass.self).pointee.run($1) }, pass)
      }
    }
  }

  private struct UpdatePass {
    var target: UpdateTarget
    var x: UnsafePointer<Float>
    var xStride: Int
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var inputs: Int
    var padded: Int

    /// How many inputs a block has, whose gradients rest on the stack.
    ///
    /// One register tile, so that the processor can sum the next block while the memory
    /// still serves the last, or a few of a single panel; longer blocks measured slower. But
    /// what many rows are packed for should be long.
    private func mostInputs(panels: Int) -> Int {
      if BuiltinKernels.packs(rows: rows, stride: dyStride) {
        return BuiltinKernels.packedVectors / panels
      }
      let room = Int(SWIFTCL_SCRATCH_FLOATS) / 16
      return panels == 1 ? min(max(24, 5 &* TileShape.rows), room) : min(24, room) / panels
    }

    func run(_ scratch: UnsafeMutablePointer<Float>) {
      let mostPanels = TileShape.gradientPanels(rows: min(inputs, TileShape.rows))
      let wide = BuiltinKernels.inputsNearby(rows: rows, stride: dyStride, inputs: inputs)
      var first = 0
      while first < inputs {
        let end = first &+ evenShare(of: inputs &- first, atMost: wide)
        var panel = 0
        while panel < padded >> 4 {
          let panels = evenShare(of: padded >> 4 &- panel, atMost: mostPanels)
          let most = mostInputs(panels: panels)
          var input = first
          while input < end {
            let share = evenShare(of: end &- input, atMost: most)
            update(panel: panel, panels: panels, input: input, share: share, scratch)
            input &+= share
          }
          panel &+= panels
        }
        first = end
      }
    }

    /// One block of gradients summed and applied, unless all its weights are frozen.
    @inline(__always)
    private func update(
      panel: Int, panels: Int, input: Int, share: Int, _ scratch: UnsafeMutablePointer<Float>
    ) {
      let start = (panel &* inputs &+ input) &* 16
      let panelStep = inputs &* 16
      let count = share &* 16
      if target.ownership != nil {
        var frozen = 0
        while frozen < panels
          && target.allFrozen(at: start &+ frozen &* panelStep, count: count)
        {
          frozen &+= 1
        }
        if frozen == panels { return }
      }
      BuiltinKernels.gradientBlock(
        x: x + input, xStride: xStride, dy: dy + panel &* 16, dyStride: dyStride, rows: rows,
        inputs: share, panels: panels, gradient: scratch, panelStep: count,
        packed: scratch + Int(SWIFTCL_SCRATCH_FLOATS) / 2, vectors: BuiltinKernels.packedVectors,
        continues: false)
      var next = 0
      while next < panels {
        target.apply(
          StoredGradient(start: UnsafePointer(scratch + next &* count)),
          start: start &+ next &* panelStep, count: count)
        next &+= 1
      }
    }
  }
#endif
