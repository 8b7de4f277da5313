import CSwiftCL

#if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
  extension BuiltinKernels {
    /// One chain per element, weight by weight: no scratch, small in code.
    static func chainedInputGradient(
      dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
      weights: UnsafePointer<Float>, panelStep: Int, inputs: Int,
      dx: UnsafeMutablePointer<Float>, dxStride: Int, mask: UnsafePointer<Float>?
    ) {
      var row = 0
      while row < rows {
        let factors = dy + row &* dyStride
        var input = 0
        while input < inputs {
          let at = row &* dxStride &+ input
          var sum: Float = 0
          if mask.map({ $0[at] > 0 }) ?? true {
            var output = 0
            while output < padded {
              let panel = weights + ((output >> 4) &* panelStep &+ input &* 16)
              sum = swiftcl_chain(factors + output, panel, min(16, padded &- output), sum)
              output &+= 16
            }
            // What outputs that do not exist would add: -0 becomes 0.
            if padded & 8 != 0 { sum += 0 }
          }
          dx[at] = sum
          input &+= 1
        }
        while input & 7 != 0 {
          dx[row &* dxStride &+ input] = 0
          input &+= 1
        }
        if input & 8 != 0 { swiftcl_eight_clear(dx + (row &* dxStride &+ input)) }
        row &+= 1
      }
    }
  }
#else
  extension BuiltinKernels {
    /// One chain per element: a block of weights is transposed, so that its inputs lie
    /// in panels as outputs do, and then it is a forward product.
    ///
    /// Transposing costs as much as a few rows, so this is for many rows.
    static func chainedInputGradient(
      dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
      weights: UnsafePointer<Float>, panelStep: Int, inputs: Int,
      dx: UnsafeMutablePointer<Float>, dxStride: Int, mask: UnsafePointer<Float>?
    ) {
      var work = ChainedGradient(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights,
        panelStep: panelStep, inputs: inputs, dx: dx, dxStride: dxStride, mask: mask)
      withUnsafePointer(to: &work) { work in
        swiftcl_lend_scratch(
          { context, scratch in
            context.assumingMemoryBound(to: ChainedGradient.self).pointee.run(scratch)
          }, work)
      }
    }
  }

  private struct ChainedGradient {
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var padded: Int
    var weights: UnsafePointer<Float>
    var panelStep: Int
    var inputs: Int
    var dx: UnsafeMutablePointer<Float>
    var dxStride: Int
    var mask: UnsafePointer<Float>?

    /// The most panels of inputs of a block: those of a tile with many rows.
    private static var mostPanels: Int { TileShape.panels(rows: TileShape.rows) }
    /// The most panels of outputs of a block, which stays in the first cache.
    private static var mostOutputs: Int {
      min(16, Int(SWIFTCL_SCRATCH_FLOATS) / 256 / mostPanels)
    }

    func run(_ scratch: UnsafeMutablePointer<Float>) {
      var first = 0
      while first < inputs {
        let panels = evenShare(of: (inputs &- first &+ 15) >> 4, atMost: Self.mostPanels)
        var output = 0
        while output < padded {
          let share = evenShare(of: (padded &- output) >> 4, atMost: Self.mostOutputs) &* 16
          transpose(first: first, panels: panels, output: output, outputs: share, to: scratch)
          multiply(first: first, panels: panels, output: output, outputs: share, scratch)
          output &+= share
        }
        first &+= panels &* 16
      }
    }

    /// Lays panels of inputs, one row of sixteen for each output.
    @inline(__always)
    private func transpose(
      first: Int, panels: Int, output: Int, outputs: Int, to scratch: UnsafeMutablePointer<Float>
    ) {
      var panel = 0
      while panel < panels {
        let input = first &+ panel &* 16
        var next = 0
        while next < outputs {
          let from = weights + ((output &+ next) >> 4 &* panelStep &+ input &* 16)
          let to = scratch + (panel &* outputs &+ next) &* 16
          if inputs &- input >= 16 {
            swiftcl_transpose(from, to)
          } else {
            transposeLast(from, inputs &- input, to)
          }
          next &+= 16
        }
        panel &+= 1
      }
    }

    /// Fewer than sixteen inputs; the others, which do not exist, weigh 0.
    @inline(never)
    private func transposeLast(
      _ from: UnsafePointer<Float>, _ count: Int, _ to: UnsafeMutablePointer<Float>
    ) {
      var at = 0
      while at < 256 {
        to[at] = at & 15 < count ? from[(at & 15) &* 16 &+ at >> 4] : 0
        at &+= 1
      }
    }

    @inline(__always)
    private func multiply(
      first: Int, panels: Int, output: Int, outputs: Int, _ scratch: UnsafeMutablePointer<Float>
    ) {
      var row = 0
      while row < rows {
        let tile = evenShare(of: rows &- row, atMost: TileShape.rows)
        let at = row &* dxStride &+ first
        BuiltinKernels.forwardTile(
          x: dy + (row &* dyStride &+ output), xStride: dyStride, rows: tile, inputs: outputs,
          weights: UnsafePointer(scratch), panelStep: outputs &* 16, panels: panels,
          bias: nil, begins: output == 0, y: dx + at, yStride: dxStride, relu: false)
        if output &+ outputs == padded { finish(at, rows: tile, first: first, panels: panels) }
        row &+= tile
      }
    }

    /// Pads become 0, even beside an infinite gradient, and what a rectifier stopped.
    @inline(__always)
    private func finish(_ start: Int, rows: Int, first: Int, panels: Int) {
      let most = inputs &- first
      if mask == nil && most >= panels &* 16 { return }
      var row = 0
      while row < rows {
        var panel = 0
        while panel < panels {
          let at = start &+ row &* dxStride &+ panel &* 16
          let last = min(most &- panel &* 16, 16) &- 1
          var kept = dx.lanes(at: at).chosen(
            by: swiftcl_first_mask(Int32(truncatingIfNeeded: last)), else: Lanes.zero)
          if let mask { kept = kept.opened(by: mask.lanes(at: at)) }
          dx.setLanes(kept, at: at)
          panel &+= 1
        }
        row &+= 1
      }
    }
  }
#endif
