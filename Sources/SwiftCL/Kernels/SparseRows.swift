import CSwiftCL

// Forward products and input gradients of few rows.

#if SWIFTCL_VARIANT_V4 || SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
  extension BuiltinKernels {
    /// One ascending chain an output over its kept inputs.
    ///
    /// Eight or four rows share each read of the weights; what is left goes row by row, with the
    /// chains of four groups side by side.
    static func sparseRowsForward(_ pass: swiftcl_sparse_rows) {
      if pass.weights.width == 8 {
        pass.forward(SparseEight.self)
      } else {
        pass.forward(SparseOne.self)
      }
    }

    /// One chain an input over the outputs that it is kept for, ascending.
    static func sparseRowsInputGradient(_ pass: swiftcl_sparse_rows) {
      guard let dx = pass.dx else { return }
      var row = 0
      while row < pass.rows {
        pass.inputGradient(dx + row &* pass.x_stride, pass.y + row &* pass.y_stride)
        row &+= 1
      }
    }
  }

  extension swiftcl_sparse_rows {
    @inline(__always)
    fileprivate func forward<V: SparseVector>(_: V.Type) {
      var row = 0
      while row < rows {
        let left = rows &- row
        let count = left >= 8 ? 8 : left >= 4 ? 4 : 1
        var group = 0
        while group < weights.groups {
          switch count {
          case 8: forwardRows(row, group, SparseChains8<V>.self)
          case 4: forwardRows(row, group, SparseChains4<V>.self)
          default:
            if weights.groups &- group >= 4 {
              forwardGroups(row, group, SparseChains4<V>.self)
              group &+= 3
            } else {
              forwardRows(row, group, SparseChain<V>.self)
            }
          }
          group &+= 1
        }
        row &+= count
      }
    }

    /// One group of several rows.
    @inline(never)
    private func forwardRows<C: SparseChains>(_ row: Int, _ group: Int, _: C.Type) {
      var inPlaces = (0, 0, 0, 0, 0, 0, 0, 0)
      var outPlaces = (0, 0, 0, 0, 0, 0, 0, 0)
      withPlaces(&inPlaces) { inPlaces in
        withPlaces(&outPlaces) { outPlaces in
          var index = 0
          while index < C.count {
            inPlaces[index] = (row &+ index) &* x_stride
            outPlaces[index] = (row &+ index) &* y_stride &+ group &* C.Vector.width
            index &+= 1
          }
          var sums = C(repeating: begin(group))
          let end = Int(weights.starts[group &+ 1])
          var entry = Int(weights.starts[group])
          while entry < end {
            sums.add(
              x + Int(weights.inputs[entry]), at: inPlaces,
              C.Vector(from: weights.values + entry &* C.Vector.width))
            entry &+= 1
          }
          if relu { sums.rectify() }
          sums.store(to: y, at: outPlaces)
        }
      }
    }

    /// Several groups of one row, as long as all have entries; then each on its own.
    @inline(never)
    private func forwardGroups<C: SparseChains>(_ row: Int, _ group: Int, _: C.Type) {
      var entries = (0, 0, 0, 0, 0, 0, 0, 0)
      let x = x + row &* x_stride
      withPlaces(&entries) { entries in
        var common = Int.max
        var index = 0
        while index < C.count {
          let first = Int(weights.starts[group &+ index])
          entries[index] = first
          common = min(common, Int(weights.starts[group &+ index &+ 1]) &- first)
          index &+= 1
        }
        var sums = C(repeating: C.Vector.zero)
        sums.begin(self, group)
        var step = 0
        while step < common {
          sums.add(x, weights, entries: entries, step)
          step &+= 1
        }
        sums.finish(self, x, y + row &* y_stride, group, entries: entries, common)
      }
    }

    /// What the outputs of a group begin with.
    @inline(__always)
    fileprivate func begin<V: SparseVector>(_ group: Int) -> V {
      bias.map { V(from: $0 + group &* V.width) } ?? V.zero
    }

    fileprivate func inputGradient(
      _ dx: UnsafeMutablePointer<Float>, _ dy: UnsafeMutablePointer<Float>
    ) {
      var group = 0
      while group < weights.groups {
        let end = Int(weights.starts[group &+ 1])
        var entry = Int(weights.starts[group])
        if weights.width == 8 {
          let factors = SparseEight(from: dy + group &* 8).lanes
          while entry < end {
            let input = Int(weights.inputs[entry])
            dx[input] = chained(factors, weights.values + entry &* 8, after: dx[input])
            entry &+= 1
          }
        } else {
          let factor = dy[group]
          while entry < end {
            let input = Int(weights.inputs[entry])
            dx[input] = swiftcl_fma_single(factor, weights.values[entry], dx[input])
            entry &+= 1
          }
        }
        group &+= 1
      }
    }

    @inline(__always)
    private func withPlaces(
      _ places: inout (Int, Int, Int, Int, Int, Int, Int, Int),
      _ body: (UnsafeMutablePointer<Int>) -> Void
    ) {
      withUnsafeMutablePointer(to: &places) {
        body(UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int.self))
      }
    }
  }

  /// The products of eight factors with eight weights, one after the other.
  @inline(__always)
  private func chained(
    _ factors: SIMD8<Float>, _ values: UnsafePointer<Float>, after start: Float
  ) -> Float {
    var sum = swiftcl_fma_single(factors[0], values[0], start)
    sum = swiftcl_fma_single(factors[1], values[1], sum)
    sum = swiftcl_fma_single(factors[2], values[2], sum)
    sum = swiftcl_fma_single(factors[3], values[3], sum)
    sum = swiftcl_fma_single(factors[4], values[4], sum)
    sum = swiftcl_fma_single(factors[5], values[5], sum)
    sum = swiftcl_fma_single(factors[6], values[6], sum)
    return swiftcl_fma_single(factors[7], values[7], sum)
  }

  extension SparseChain {
    @inline(__always)
    mutating func begin(_ pass: swiftcl_sparse_rows, _ group: Int) { sum = pass.begin(group) }

    @inline(__always)
    func finish(
      _ pass: swiftcl_sparse_rows, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
      _ group: Int, entries: UnsafePointer<Int>, _ common: Int
    ) {
      var rest = self
      var step = common
      let count = Int(pass.weights.starts[group &+ 1]) &- entries[0]
      while step < count {
        rest.add(x, pass.weights, entries: entries, step)
        step &+= 1
      }
      if pass.relu { rest.rectify() }
      rest.sum.store(to: y + group &* Vector.width)
    }
  }

  extension SparseChainPair {
    @inline(__always)
    mutating func begin(_ pass: swiftcl_sparse_rows, _ group: Int) {
      left.begin(pass, group)
      right.begin(pass, group &+ Half.count)
    }

    @inline(__always)
    func finish(
      _ pass: swiftcl_sparse_rows, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
      _ group: Int, entries: UnsafePointer<Int>, _ common: Int
    ) {
      left.finish(pass, x, y, group, entries: entries, common)
      right.finish(pass, x, y, group &+ Half.count, entries: entries + Half.count, common)
    }
  }
#else
  extension BuiltinKernels {
    /// One ascending chain an output over its kept inputs: output by output.
    static func sparseRowsForward(_ pass: swiftcl_sparse_rows) {
      let weights = pass.weights
      let width = weights.width
      var row = 0
      while row < pass.rows {
        let x = pass.x + row &* pass.x_stride
        let y = pass.y + row &* pass.y_stride
        var output = 0
        while output < width &* weights.groups {
          let group = output / width
          var sum = pass.bias.map { $0[output] } ?? 0
          var entry = Int(weights.starts[group])
          while entry < Int(weights.starts[group &+ 1]) {
            let value = weights.values[entry &* width &+ output % width]
            sum = swiftcl_fma_single(x[Int(weights.inputs[entry])], value, sum)
            entry &+= 1
          }
          y[output] = !pass.relu || sum > 0 ? sum : 0
          output &+= 1
        }
        row &+= 1
      }
    }

    /// One chain an input over the outputs that it is kept for, ascending.
    static func sparseRowsInputGradient(_ pass: swiftcl_sparse_rows) {
      guard let dx = pass.dx else { return }
      let weights = pass.weights
      let width = weights.width
      var row = 0
      while row < pass.rows {
        let dx = dx + row &* pass.x_stride
        let dy = pass.y + row &* pass.y_stride
        var group = 0
        while group < weights.groups {
          var entry = Int(weights.starts[group])
          while entry < Int(weights.starts[group &+ 1]) {
            let input = Int(weights.inputs[entry])
            var output = 0
            while output < width {
              dx[input] = swiftcl_fma_single(
                dy[group &* width &+ output], weights.values[entry &* width &+ output], dx[input])
              output &+= 1
            }
            entry &+= 1
          }
          group &+= 1
        }
        row &+= 1
      }
    }
  }
#endif
