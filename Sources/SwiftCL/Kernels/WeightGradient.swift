import CSwiftCL

#if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
  extension BuiltinKernels {
    /// The gradient of the weights in panels: one ascending chain over the rows per weight,
    /// which `continues` what lies in `gradient` or begins at 0.
    static func weightGradient(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>, continues: Bool
    ) {
      var pass = GradientPass(
        x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
        padded: padded, gradient: gradient, continues: continues)
      if !packs(rows: rows, stride: dyStride) { return pass.run(gradient) }
      withUnsafePointer(to: &pass) { pass in
        swiftcl_lend_scratch(
          { $0.assumingMemoryBound(to: GradientPass.self).pointee.run($1) }, pass)
      }
    }

    /// The gradient of `inputs` inputs to a few panels, written `panelStep` floats apart.
    ///
    /// `panels` must suit a tile of `min(inputs, TileShape.rows)` rows. Many rows are packed
    /// chunk by chunk, so that those of a chunk lie together in the first cache while all
    /// inputs pass; sums in the making wait in `gradient`.
    @inline(never)
    static func gradientBlock(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, panels: Int, gradient: UnsafeMutablePointer<Float>, panelStep: Int,
      packed: UnsafeMutablePointer<Float>, vectors: Int, continues: Bool
    ) {
      if !packs(rows: rows, stride: dyStride) {
        gradientTiles(
          x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
          panels: panels, gradient: gradient, panelStep: panelStep, continues: continues)
        return
      }
      var row = 0
      while row < rows {
        let chunk = evenShare(of: rows &- row, atMost: vectors / panels)
        var vector = 0
        while vector < chunk &* panels {
          let from = (row &+ vector / panels) &* dyStride &+ vector % panels &* 16
          packed.setLanes(dy.lanes(at: from), at: vector &* 16)
          vector &+= 1
        }
        gradientTiles(
          x: x + row &* xStride, xStride: xStride, dy: UnsafePointer(packed),
          dyStride: panels &* 16, rows: chunk, inputs: inputs, panels: panels, gradient: gradient,
          panelStep: panelStep, continues: continues || row > 0)
        row &+= chunk
      }
    }

    @inline(__always)
    private static func gradientTiles(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, panels: Int, gradient: UnsafeMutablePointer<Float>, panelStep: Int,
      continues: Bool
    ) {
      var input = 0
      while input < inputs {
        let share = evenShare(of: inputs &- input, atMost: TileShape.rows)
        let work = GradientWork(
          x: x + input, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows,
          gradient: gradient + input &* 16, panelStep: panelStep, continues: continues)
        TileShape.runGradient(work, rows: share, panels: panels)
        input &+= share
      }
    }

    /// How many inputs a block has, whose rows stay in the second cache while all panels pass.
    /// Packing is made once for all inputs, and serves that end, too. (A division would be
    /// felt in the smallest products.)
    @inline(__always)
    static func inputsNearby(rows: Int, stride: Int, inputs: Int) -> Int {
      let floats = 65536
      if rows &* inputs <= floats || packs(rows: rows, stride: stride) { return inputs }
      return max(floats / rows, 32)
    }

    /// In an update half of the scratch holds packed rows, the other half sums of a block.
    static var packedVectors: Int { Int(SWIFTCL_SCRATCH_FLOATS) / 32 }

    /// Whether so many rows are worth packing: where they lie multiples of half a kilobyte
    /// apart they drive each other from the cache.
    @inline(__always)
    static func packs(rows: Int, stride: Int) -> Bool {
      packedVectors >= 192 && rows > 192 && stride & 127 == 0
    }
  }

  private struct GradientPass {
    var x: UnsafePointer<Float>
    var xStride: Int
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var inputs: Int
    var padded: Int
    var gradient: UnsafeMutablePointer<Float>
    var continues: Bool

    func run(_ scratch: UnsafeMutablePointer<Float>) {
      let mostPanels = TileShape.gradientPanels(rows: min(inputs, TileShape.rows))
      let wide = BuiltinKernels.inputsNearby(rows: rows, stride: dyStride, inputs: inputs)
      var first = 0
      while first < inputs {
        let count = evenShare(of: inputs &- first, atMost: wide)
        var panel = 0
        while panel < padded >> 4 {
          let panels = evenShare(of: padded >> 4 &- panel, atMost: mostPanels)
          BuiltinKernels.gradientBlock(
            x: x + first, xStride: xStride, dy: dy + panel &* 16, dyStride: dyStride, rows: rows,
            inputs: count, panels: panels,
            gradient: gradient + (panel &* inputs &+ first) &* 16, panelStep: inputs &* 16,
            packed: scratch, vectors: Int(SWIFTCL_SCRATCH_FLOATS) / 16, continues: continues)
          panel &+= panels
        }
        first &+= count
      }
    }
  }

  /// The gradient of one tile of inputs and panels.
  private struct GradientWork: TileWork {
    var x: UnsafePointer<Float>
    var xStride: Int
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var gradient: UnsafeMutablePointer<Float>
    var panelStep: Int
    /// Whether the sums were begun earlier and lie in `gradient`.
    var continues: Bool

    @inline(never)
    func run<T: Tile>(_ tile: T.Type) {
      var sums = T()
      if continues {
        sums = T(from: UnsafePointer(gradient), rowStep: 16, panelStep: panelStep)
      }
      var x = x
      var dy = dy
      var row = 0
      while row < rows {
        sums.accumulate(x, step: 1, T.Row(from: dy, step: 16))
        x += xStride
        dy += dyStride
        row &+= 1
      }
      sums.store(to: gradient, rowStep: 16, panelStep: panelStep)
    }
  }
#endif
