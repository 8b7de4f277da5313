import CSwiftCL

extension BuiltinKernels {
  /// dx = dy * transposed weights, in one of two written orders.
  ///
  /// The panels of the weights lie `panelStep` floats apart: sixteen for each input that
  /// the layer has, of which `inputs` may be a part.
  ///
  /// `chained`: one ascending chain of fused multiply-adds over the outputs per element.
  /// Otherwise sixteen interleaved chains: lane l sums outputs l, l + 16, l + 32, ...,
  /// and the sixteen sums are added pairwise in the order of `folded(_:_:span:)`. The
  /// pads of dx up to the next multiple of sixteen become 0. Where `mask` is given and
  /// not positive, so that a rectifier was shut, dx becomes 0.
  static func inputGradient(
    dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
    weights: UnsafePointer<Float>, panelStep: Int, inputs: Int,
    dx: UnsafeMutablePointer<Float>, dxStride: Int, mask: UnsafePointer<Float>?, chained: Bool
  ) {
    if chained {
      chainedInputGradient(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights,
        panelStep: panelStep, inputs: inputs, dx: dx, dxStride: dxStride, mask: mask)
      return
    }
    if StreamedGradient.serves(rows: rows, padded: padded) {
      let pass = StreamedGradient(
        dy: dy, padded: padded, weights: weights, panelStep: panelStep, inputs: inputs, dx: dx,
        mask: mask)
      pass.run()
      return
    }
    var first = 0
    while first < inputs {
      // Few outputs: the weights of sixteen inputs stay in the first cache for all
      // rows. Many: a few rows of dy do, for a block of inputs that fits the second.
      let end = min(inputs, first &+ (padded <= 512 ? 16 : 128))
      var row = 0
      while row < rows {
        let share = evenShare(of: rows &- row, atMost: DotShape.rows)
        var input = first
        while input < end {
          let work = DotWork(
            source: DotSource(
              dy: dy + row &* dyStride, dyStride: dyStride, weights: weights + input &* 16,
              panelStep: panelStep, panels: (padded &+ 15) >> 4, last: inputs &- input &- 1),
            dx: dx + (row &* dxStride &+ input), dxStride: dxStride,
            mask: mask.map { $0 + (row &* dxStride &+ input) })
          DotShape.run(work, rows: share)
          input &+= 16
        }
        row &+= share
      }
      first = end
    }
  }
}

/// Sixteen inputs' gradients for a few rows.
struct DotWork {
  var source: DotSource
  var dx: UnsafeMutablePointer<Float>
  var dxStride: Int
  var mask: UnsafePointer<Float>?

  /// Does the work with one kind of block.
  @inline(__always)
  func run<B: DotBlock>(_ block: B.Type) {
    if source.last >= 15 {
      var whole = source
      whole.last = 15
      finish(B.folded(whole, first: 0))
    } else {
      finish(B.folded(source, first: 0))
    }
  }

  /// Writes the sums of each row, the pads as 0, and applies the mask.
  @inline(__always)
  private func finish<Rows: Strip>(_ sums: Rows) {
    sums.store(to: dx, step: dxStride)
    if source.last >= 15 && mask == nil { return }
    let exists = swiftcl_first_mask(Int32(truncatingIfNeeded: min(source.last, 15)))
    var row = 0
    while row < Rows.count {
      let at = row &* dxStride
      var kept = dx.lanes(at: at).chosen(by: exists, else: Lanes.zero)
      if let mask { kept = kept.opened(by: mask.lanes(at: at)) }
      dx.setLanes(kept, at: at)
      row &+= 1
    }
  }

  /// Does the work for one row and one input at a time, small in code.
  func runByInput() {
    var input = 0
    while input < 16 {
      var sum: Float = 0
      let open = mask.map { $0[input] > 0 } ?? true
      if input <= source.last && open {
        var sums = Lanes.zero
        var panel = 0
        while panel < source.panels {
          let weights = source.weights.lanes(at: panel &* source.panelStep &+ input &* 16)
          sums = fma16(weights, source.dy.lanes(at: panel &* 16), sums)
          panel &+= 1
        }
        sum = folded(sums)
      }
      dx[input] = sum
      input &+= 1
    }
  }
}

/// Which blocks of dot products fit the registers of this variant.
enum DotShape {
  #if SWIFTCL_VARIANT_V4
    /// The most rows of a block.
    static var rows: Int { 3 }

    /// Runs `work` with the block of so many rows; a single one belongs to the narrower
    /// variant.
    @inline(never)
    static func run(_ work: DotWork, rows: Int) {
      switch rows {
      case 1: work.runByInput()
      case 2: work.run(Long<Strip2>.self)
      default: work.run(Long<Strip3>.self)
      }
    }

    typealias Long<S: Strip> =
      DotSequence<DotTileBlock<DotFork<DotFork<DotFork<DotLeaf<S>>>>>>
  #elseif SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
    /// The most rows of a block.
    static var rows: Int { 2 }

    /// Runs `work` with the block of so many rows.
    @inline(never)
    static func run(_ work: DotWork, rows: Int) {
      if rows == 1 { work.run(Long<Strip1>.self) } else { work.run(Short<Strip2>.self) }
    }

    typealias Short<S: Strip> =
      DotSequence<DotSequence<DotSequence<DotTileBlock<DotFork<DotLeaf<S>>>>>>
    typealias Long<S: Strip> =
      DotSequence<DotSequence<DotTileBlock<DotFork<DotFork<DotLeaf<S>>>>>>
  #else
    /// The most rows of a block.
    static var rows: Int { 1 }

    /// Runs `work`, which has one row.
    static func run(_ work: DotWork, rows: Int) { work.runByInput() }
  #endif
}
