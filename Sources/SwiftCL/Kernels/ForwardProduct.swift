#if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
  extension BuiltinKernels {
    /// y = bias + x * weights, one ascending chain of fused multiply-adds per output.
    ///
    /// Samples are taken in chunks that fit the second cache. Within a chunk, a block of
    /// inputs of a few panels stays in the first cache while all rows pass over it; sums
    /// in the making wait in `y`, which loses nothing, as they are floats in any case.
    static func forwardProduct(
      x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int,
      weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, padded: Int,
      y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
    ) {
      var row = 0
      while row < rows {
        let chunk = evenShare(of: rows &- row, atMost: 256)
        forwardChunk(
          x: x + row &* xStride, xStride: xStride, rows: chunk, inputs: inputs, weights: weights,
          bias: bias, padded: padded, y: y + row &* yStride, yStride: yStride, relu: relu)
        row &+= chunk
      }
    }

    private static func forwardChunk(
      x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int,
      weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, padded: Int,
      y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
    ) {
      let panelStep = inputs &* 16
      let mostPanels = TileShape.panels(rows: rows < TileShape.rows ? rows : TileShape.rows)
      // One pass of rows reads the weights once, whatever the block.
      let mostInputs = rows <= TileShape.rows ? inputs : 192
      var panel = 0
      while panel < padded >> 4 {
        let panels = evenShare(of: padded >> 4 &- panel, atMost: mostPanels)
        var first = 0
        while first < inputs {
          let block = evenShare(of: inputs &- first, atMost: mostInputs)
          var row = 0
          while row < rows {
            let share = evenShare(of: rows &- row, atMost: TileShape.rows)
            forwardTile(
              x: x + (row &* xStride &+ first), xStride: xStride, rows: share, inputs: block,
              weights: weights + (panel &* panelStep &+ first &* 16), panelStep: panelStep,
              panels: panels, bias: bias + panel &* 16, begins: first == 0,
              y: y + (row &* yStride &+ panel &* 16), yStride: yStride,
              relu: relu && first &+ block == inputs)
            row &+= share
          }
          first &+= block
        }
        panel &+= panels
      }
    }

    /// The product of one tile, or of a block of its inputs: begins with the bias, or
    /// with 0 where there is none, or goes on with the sums that lie in `y`.
    ///
    /// Inlined: arguments that travel by memory would wait for the last tile's stores.
    @inline(__always)
    static func forwardTile(
      x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int,
      weights: UnsafePointer<Float>, panelStep: Int, panels: Int, bias: UnsafePointer<Float>?,
      begins: Bool, y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
    ) {
      let work = ForwardWork(
        x: x, xStride: xStride, inputs: inputs, weights: weights, panelStep: panelStep, bias: bias,
        begins: begins, y: y, yStride: yStride, relu: relu)
      TileShape.run(work, rows: rows, panels: panels)
    }
  }

  /// A forward product, or a block of its inputs, for one tile of samples and panels.
  private struct ForwardWork: TileWork {
    var x: UnsafePointer<Float>
    var xStride: Int
    var inputs: Int
    var weights: UnsafePointer<Float>
    var panelStep: Int
    var bias: UnsafePointer<Float>?
    /// False if the sums were begun earlier and lie in `y`.
    var begins: Bool
    var y: UnsafeMutablePointer<Float>
    var yStride: Int
    /// Whether this is the last block and ends with the activation.
    var relu: Bool

    @inline(never)
    func run<T: Tile>(_ tile: T.Type) {
      var sums = T()
      if !begins {
        sums = T(from: UnsafePointer(y), rowStep: yStride, panelStep: 16)
      } else if let bias {
        sums = T(repeating: T.Row(from: bias, step: 16))
      }
      var input = 0
      while input < inputs {
        sums.accumulate(
          x + input, step: xStride, T.Row(from: weights + input &* 16, step: panelStep))
        input &+= 1
      }
      if relu { sums.rectify() }
      sums.store(to: y, rowStep: yStride, panelStep: 16)
    }
  }
#endif
