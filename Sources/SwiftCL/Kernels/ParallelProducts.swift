#if !(SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3 || SWIFTCL_VARIANT_V4)
  import CSwiftCL

  // Large products in shares for the threads of a network. A share is whole panels or
  // whole rows, given to the same kernel: every number comes from the same chain as
  // without threads, so results do not depend on how many there are.

  /// What can be cut into shares: some units, each of which any thread may do.
  private protocol Shareable {
    func run(first: Int, count: Int)
    #if !(SWIFTCL_FIRMWARE || SWIFTCL_CBLAS)
      /// `run` for C.
      static var door: swiftcl_share_fn { get }
    #endif
  }

  extension Threads {
    #if SWIFTCL_FIRMWARE || SWIFTCL_CBLAS
      // Firmware has nobody to share with; OpenBLAS shares within its products.
      private func share<W: Shareable>(_ work: W, units: Int, cost: Int) {
        work.run(first: 0, count: units)
      }
    #else
      /// The multiply-adds that are worth a thread of their own: some ten microseconds of
      /// a fast core. Handing over takes one, but what another core wrote must travel.
      private static var worthwhile: Int { 1 << 19 }

      @inline(__always)
      private func share<W: Shareable>(_ work: W, units: Int, cost: Int) {
        if workers.first == nil { return work.run(first: 0, count: units) }
        let shares = min(Int(workers.count) &+ 1, min(units, cost / Threads.worthwhile))
        if shares < 2 { return work.run(first: 0, count: units) }
        withUnsafePointer(to: work) { work in
          withUnsafePointer(to: workers) { swiftcl_workers_run($0, shares, units, W.door, work) }
        }
      }
    #endif

    /// See the function of this name without threads, and so for all of these.
    func forwardProduct(
      x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int,
      weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, padded: Int,
      y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
    ) {
      let work = ForwardShare(
        x: x, xStride: xStride, rows: rows, inputs: inputs, weights: weights, bias: bias,
        padded: padded, y: y, yStride: yStride, relu: relu)
      share(work, units: (padded &+ 15) >> 4, cost: (rows &+ fetch) &* inputs &* padded)
    }

    func inputGradient(
      dy: UnsafePointer<Float>, dyStride: Int, rows: Int, padded: Int,
      weights: UnsafePointer<Float>, inputs: Int, dx: UnsafeMutablePointer<Float>, dxStride: Int,
      mask: UnsafePointer<Float>?
    ) {
      let work = InputGradientShare(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights, inputs: inputs,
        dx: dx, dxStride: dxStride, mask: mask)
      share(work, units: (inputs &+ 15) >> 4, cost: (rows &+ fetch) &* inputs &* padded)
    }

    func weightGradient(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>, continues: Bool
    ) {
      let work = WeightGradientShare(
        x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
        gradient: gradient, continues: continues)
      share(work, units: (padded &+ 15) >> 4, cost: (rows &+ fetch) &* inputs &* padded)
    }

    func weightUpdate(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, padded: Int, weights: UnsafeMutablePointer<Float>,
      first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
      owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?,
      update: UnsafePointer<swiftcl_update>
    ) {
      let work = WeightUpdateShare(
        x: x, xStride: xStride, dy: dy, dyStride: dyStride, rows: rows, inputs: inputs,
        padded: padded,
        step: Step(
          weights: weights, first: first, second: second, owned: owned, rates: rates,
          update: update))
      share(work, units: (padded &+ 15) >> 4, cost: (rows &+ fetch) &* inputs &* padded)
    }

    func applyUpdate(
      gradient: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>,
      first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
      owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?, count: Int,
      update: UnsafePointer<swiftcl_update>
    ) {
      let work = StepShare(
        gradient: gradient,
        step: Step(
          weights: weights, first: first, second: second, owned: owned, rates: rates,
          update: update))
      share(work, units: count >> 4, cost: count &* fetch &* 2)
    }

    /// Fetching a weight takes as long as so many multiply-adds, fetching what belongs to
    /// it as well and storing all twice as long.
    private var fetch: Int { 4 }
  }

  /// Panels of a forward product.
  private struct ForwardShare: Shareable {
    var x: UnsafePointer<Float>
    var xStride: Int
    var rows: Int
    var inputs: Int
    var weights: UnsafePointer<Float>
    var bias: UnsafePointer<Float>
    var padded: Int
    var y: UnsafeMutablePointer<Float>
    var yStride: Int
    var relu: Bool

    @inline(__always)
    func run(first: Int, count: Int) {
      forwardProduct(
        x: x, xStride: xStride, rows: rows, inputs: inputs,
        weights: weights + first &* inputs &* 16, bias: bias + first &* 16,
        padded: min(count &* 16, padded &- first &* 16),
        y: y + first &* 16, yStride: yStride, relu: relu)
    }
  }

  /// Sixteen inputs each of an input gradient.
  private struct InputGradientShare: Shareable {
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var padded: Int
    var weights: UnsafePointer<Float>
    var inputs: Int
    var dx: UnsafeMutablePointer<Float>
    var dxStride: Int
    var mask: UnsafePointer<Float>?

    @inline(__always)
    func run(first: Int, count: Int) {
      let input = first &* 16
      inputGradient(
        dy: dy, dyStride: dyStride, rows: rows, padded: padded, weights: weights + input &* 16,
        panelStep: inputs &* 16, inputs: min(count &* 16, inputs &- input), dx: dx + input,
        dxStride: dxStride, mask: mask.map { $0 + input },
        chained: chainsInputGradient(rows: rows, padded: Panels.pad(padded)))
    }
  }

  /// Panels of a weight gradient.
  private struct WeightGradientShare: Shareable {
    var x: UnsafePointer<Float>
    var xStride: Int
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var inputs: Int
    var gradient: UnsafeMutablePointer<Float>
    var continues: Bool

    @inline(__always)
    func run(first: Int, count: Int) {
      weightGradient(
        x: x, xStride: xStride, dy: dy + first &* 16, dyStride: dyStride, rows: rows,
        inputs: inputs, padded: count &* 16, gradient: gradient + first &* inputs &* 16,
        continues: continues)
    }
  }

  /// What the optimiser moves.
  private struct Step {
    var weights: UnsafeMutablePointer<Float>
    var first: UnsafeMutablePointer<Float>
    var second: UnsafeMutablePointer<Float>?
    var owned: UnsafePointer<UInt16>?
    var rates: UnsafePointer<Float>?
    var update: UnsafePointer<swiftcl_update>

    /// The same from the sixteen weights with number `vector` on.
    @inline(__always)
    func from(vector: Int) -> Step {
      let weight = vector &* 16
      return Step(
        weights: weights + weight, first: first + weight, second: second.map { $0 + weight },
        owned: owned.map { $0 + vector }, rates: rates.map { $0 + weight }, update: update)
    }
  }

  /// Panels of a weight gradient and their step.
  private struct WeightUpdateShare: Shareable {
    var x: UnsafePointer<Float>
    var xStride: Int
    var dy: UnsafePointer<Float>
    var dyStride: Int
    var rows: Int
    var inputs: Int
    var padded: Int
    var step: Step

    @inline(__always)
    func run(first: Int, count: Int) {
      let own = step.from(vector: first &* inputs)
      weightUpdate(
        x: x, xStride: xStride, dy: dy + first &* 16, dyStride: dyStride, rows: rows,
        inputs: inputs, padded: min(count &* 16, padded &- first &* 16), weights: own.weights,
        first: own.first,
        second: own.second, owned: own.owned, rates: own.rates, update: own.update)
    }
  }

  /// Sixteen weights each, from a stored gradient.
  private struct StepShare: Shareable {
    var gradient: UnsafePointer<Float>
    var step: Step

    @inline(__always)
    func run(first: Int, count: Int) {
      let own = step.from(vector: first)
      applyUpdate(
        gradient: gradient + first &* 16, weights: own.weights, first: own.first,
        second: own.second, owned: own.owned, rates: own.rates, count: count &* 16,
        update: own.update)
    }
  }

  #if !(SWIFTCL_FIRMWARE || SWIFTCL_CBLAS)
    // A function for C cannot be generic, so each kind of work has its own.

    extension ForwardShare {
      static var door: swiftcl_share_fn {
        { $0?.assumingMemoryBound(to: Self.self).pointee.run(first: $1, count: $2) }
      }
    }

    extension InputGradientShare {
      static var door: swiftcl_share_fn {
        { $0?.assumingMemoryBound(to: Self.self).pointee.run(first: $1, count: $2) }
      }
    }

    extension WeightGradientShare {
      static var door: swiftcl_share_fn {
        { $0?.assumingMemoryBound(to: Self.self).pointee.run(first: $1, count: $2) }
      }
    }

    extension WeightUpdateShare {
      static var door: swiftcl_share_fn {
        { $0?.assumingMemoryBound(to: Self.self).pointee.run(first: $1, count: $2) }
      }
    }

    extension StepShare {
      static var door: swiftcl_share_fn {
        { $0?.assumingMemoryBound(to: Self.self).pointee.run(first: $1, count: $2) }
      }
    }
  #endif
#endif
