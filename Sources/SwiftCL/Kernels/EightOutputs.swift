import CSwiftCL

#if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
  // Products on processors without vectors: half a panel at a time, small in code. `padded` is
  // a multiple of eight: what no unit has of the last panel is not computed.

  extension BuiltinKernels {
    /// y = bias + x * weights, one ascending chain of fused multiply-adds per output. The
    /// rest of the last panel becomes 0.
    @inline(never)
    static func forwardProduct(
      x: UnsafePointer<Float>, xStride: Int, rows: Int, inputs: Int,
      weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, padded: Int,
      y: UnsafeMutablePointer<Float>, yStride: Int, relu: Bool
    ) {
      var row = 0
      var values = x
      var target = y
      while row < rows {
        var sums = target
        var half = weights
        var output = 0
        while output < padded {
          swiftcl_eight_chains(bias + output, values, 1, half, 16, inputs, sums)
          if relu { swiftcl_eight_rectify(sums) }
          half += output & 8 == 0 ? 8 : inputs &* 16 &- 8
          sums += 8
          output &+= 8
        }
        if output & 8 != 0 { swiftcl_eight_clear(sums) }
        values += xStride
        target += yStride
        row &+= 1
      }
    }

    /// The gradient of the weights in panels: one ascending chain over the rows per weight,
    /// which `continues` what lies in `gradient` or begins at 0.
    static func weightGradient(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, padded: Int, gradient: UnsafeMutablePointer<Float>, continues: Bool
    ) {
      // Those that go on begin where they lie.
      if !continues { gradient.update(repeating: 0, count: inputs &* Panels.pad(padded)) }
      var output = 0
      while output < padded {
        continueSums(
          x, xStride, dy + output, dyStride, rows, inputs: inputs,
          from: gradient + place(output, inputs), fromStep: 16, gradient + place(output, inputs),
          step: 16)
        output &+= 8
      }
    }

    /// The weight gradient and the optimiser's step, of eight inputs at a time.
    @inline(never)
    static func weightUpdate(
      x: UnsafePointer<Float>, xStride: Int, dy: UnsafePointer<Float>, dyStride: Int, rows: Int,
      inputs: Int, padded: Int, weights: UnsafeMutablePointer<Float>,
      first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>?,
      owned: UnsafePointer<UInt16>?, rates: UnsafePointer<Float>?,
      update: UnsafePointer<swiftcl_update>
    ) {
      let target = UpdateTarget(
        weights: weights, first: first, second: second, owned: owned, rates: rates,
        update: update)
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 72) { scratch in
        guard let sums = scratch.baseAddress else { return }
        let zeros = sums + 64
        swiftcl_eight_clear(zeros)
        var output = 0
        while output < padded {
          var input = 0
          while input < inputs {
            let share = min(8, inputs &- input)
            let start = place(output, inputs) &+ input &* 16
            if !target.allFrozen(at: start & ~15, count: share &* 16) {
              continueSums(
                x + input, xStride, dy + output, dyStride, rows, inputs: share, from: zeros,
                fromStep: 0, sums, step: 8)
              target.apply(
                UnsafePointer(sums), step: 8, start: start, groups: share, lanes: 8)
            }
            input &+= share
          }
          output &+= 8
        }
      }
    }

    /// Sums of eight weights of each input, `step` apart, which go on from others.
    @inline(never)
    private static func continueSums(
      _ x: UnsafePointer<Float>, _ xStride: Int, _ dy: UnsafePointer<Float>, _ dyStride: Int,
      _ rows: Int, inputs: Int, from: UnsafePointer<Float>, fromStep: Int,
      _ sums: UnsafeMutablePointer<Float>, step: Int
    ) {
      var input = 0
      while input < inputs {
        swiftcl_eight_chains(
          from + input &* fromStep, x + input, xStride, dy, dyStride, rows, sums + input &* step)
        input &+= 1
      }
    }

    /// Where the weights of eight outputs begin.
    @inline(__always)
    private static func place(_ output: Int, _ inputs: Int) -> Int {
      (output & ~15) &* inputs &+ (output & 8)
    }
  }
#endif
