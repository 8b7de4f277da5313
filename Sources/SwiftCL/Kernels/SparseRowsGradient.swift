import CSwiftCL

#if SWIFTCL_VARIANT_V4 || SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
  extension BuiltinKernels {
    /// One chain a weight over the rows; eight entries of a group share each read of dy.
    ///
    /// Each entry picks an input of all rows, which lie far apart. So a block of inputs of up to 32
    /// rows is laid side by side in the first cache, and all groups pass over it; sums in
    /// the making wait in the gradient.
    static func sparseRowsWeightGradient(_ pass: swiftcl_sparse_rows) {
      var work = RowsGradient(pass: pass)
      withUnsafeMutablePointer(to: &work) { work in
        swiftcl_lend_scratch(
          {
            var work = $0.assumingMemoryBound(to: RowsGradient.self).pointee
            work.run($1)
          }, work)
      }
    }
  }

  private struct RowsGradient {
    var pass: swiftcl_sparse_rows
    /// Where the factors of a chunk of rows lie, and how far apart.
    var x: UnsafePointer<Float>
    var inputStep: Int
    var rowStep: Int
    var dy: UnsafePointer<Float>
    var rows: Int
    var continues: Bool

    init(pass: swiftcl_sparse_rows) {
      self.pass = pass
      x = pass.x
      inputStep = 1
      rowStep = pass.x_stride
      dy = UnsafePointer(pass.y)
      rows = 0
      continues = pass.continues
    }

    /// The most groups that pass together: each has the number of its next entry in the scratch.
    private static var mostGroups: Int { 1008 }
    private static var blockFloats: Int { Int(SWIFTCL_SCRATCH_FLOATS) - 1024 }

    mutating func run(_ scratch: UnsafeMutablePointer<Float>) {
      // Without rows the sums are still begun.
      var row = 0
      while row < pass.rows || row == 0 {
        let left = pass.rows &- row
        rows = left >= 32 ? 32 : left >= 16 ? 16 : left
        dy = UnsafePointer(pass.y + row &* pass.y_stride)
        var group = 0
        while group < pass.weights.groups {
          let count = min(pass.weights.groups &- group, Self.mostGroups)
          runGroups(group, count, pass.x + row &* pass.x_stride, scratch)
          group &+= count
        }
        continues = true
        row &+= max(rows, 1)
      }
    }

    private mutating func runGroups(
      _ group: Int, _ count: Int, _ source: UnsafePointer<Float>,
      _ scratch: UnsafeMutablePointer<Float>
    ) {
      let next = UnsafeMutableRawPointer(scratch + Self.blockFloats).assumingMemoryBound(
        to: Int32.self)
      let bounds = pass.weights.bounds
      var inputs = 0
      var index = 0
      while index < count {
        next[index] = bounds[group &+ index]
        let end = Int(pass.weights.starts[group &+ index &+ 1])
        if end > Int(pass.weights.starts[group &+ index]) {
          inputs = max(inputs, Int(pass.weights.inputs[end &- 1]) &+ 1)
        }
        index &+= 1
      }
      let packed = rows >= 16
      let block = packed ? Self.blockFloats / rows : Int.max
      var first = 0
      var isLast = false
      while !isLast {
        if packed {
          isLast = inputs &- first <= block
          pack(source + first, inputs: min(block, inputs &- first), to: scratch)
          x = UnsafePointer(scratch) - first &* rows
          inputStep = rows
          rowStep = 1
        } else {
          isLast = true
          x = source
          inputStep = 1
          rowStep = pass.x_stride
        }
        let end = isLast ? Int.max : first &+ block
        index = 0
        while index < count {
          let last = Int(bounds[group &+ index &+ 1])
          next[index] = Int32(
            truncatingIfNeeded: runGroup(group &+ index, Int(next[index]), last, before: end))
          index &+= 1
        }
        first &+= block
      }
    }

    /// Lays the rows of some inputs side by side.
    private func pack(
      _ source: UnsafePointer<Float>, inputs: Int, to scratch: UnsafeMutablePointer<Float>
    ) {
      var row = 0
      while row < rows {
        let from = source + row &* pass.x_stride
        var input = 0
        while inputs &- input >= 16 {
          swiftcl_transpose_apart(
            from + input, pass.x_stride, scratch + (input &* rows &+ row), rows)
          input &+= 16
        }
        while input < inputs {
          var next = 0
          while next < 16 {
            scratch[input &* rows &+ row &+ next] = from[next &* pass.x_stride &+ input]
            next &+= 1
          }
          input &+= 1
        }
        row &+= 16
      }
    }

    /// The entries of a group from number `next` on whose inputs lie before `end`; returns
    /// the number of the next one.
    @inline(__always)
    private func runGroup(_ group: Int, _ next: Int, _ last: Int, before end: Int) -> Int {
      if pass.weights.width == 8 {
        return runGroup(group, next, last, before: end, SparseEight.self)
      }
      return runGroup(group, next, last, before: end, SparseOne.self)
    }

    @inline(__always)
    private func runGroup<V: SparseVector>(
      _ group: Int, _ next: Int, _ last: Int, before end: Int, _: V.Type
    ) -> Int {
      var next = next
      while true {
        var places = (0, 0, 0, 0, 0, 0, 0, 0)
        var targets = (0, 0, 0, 0, 0, 0, 0, 0)
        let found = withUnsafeMutablePointer(to: &places) { places in
          withUnsafeMutablePointer(to: &targets) { targets in
            runTile(
              group, next, last, before: end,
              UnsafeMutableRawPointer(places).assumingMemoryBound(to: Int.self),
              UnsafeMutableRawPointer(targets).assumingMemoryBound(to: Int.self), V.self)
          }
        }
        next &+= found
        if found < 8 { return next }
      }
    }

    /// Up to eight entries, of which it returns the number.
    @inline(__always)
    private func runTile<V: SparseVector>(
      _ group: Int, _ next: Int, _ last: Int, before end: Int,
      _ places: UnsafeMutablePointer<Int>, _ targets: UnsafeMutablePointer<Int>, _: V.Type
    ) -> Int {
      var count = 0
      while count < 8 && next &+ count < last {
        let entry = pass.weights.entry(next &+ count)
        let input = Int(pass.weights.inputs[entry])
        if input >= end { break }
        places[count] = input &* inputStep
        targets[count] = entry &* V.width
        count &+= 1
      }
      if count == 0 { return 0 }
      // Chains that no entry has repeat the last one's, and write it once more.
      var index = count
      while index < 8 {
        places[index] = places[count &- 1]
        targets[index] = targets[count &- 1]
        index &+= 1
      }
      if count > 4 {
        sum(group, places, targets, SparseChains8<V>.self)
      } else {
        sum(group, places, targets, SparseChains4<V>.self)
      }
      return count
    }

    @inline(never)
    private func sum<C: SparseChains>(
      _ group: Int, _ places: UnsafePointer<Int>, _ targets: UnsafePointer<Int>, _: C.Type
    ) {
      var sums = C(repeating: C.Vector.zero)
      if continues { sums = C(from: UnsafePointer(pass.weights.values), at: targets) }
      var x = x
      var dy = dy + group &* C.Vector.width
      var row = 0
      while row < rows {
        sums.add(x, at: places, C.Vector(from: dy))
        x += rowStep
        dy += pass.y_stride
        row &+= 1
      }
      sums.store(to: pass.weights.values, at: targets)
    }
  }
#else
  extension BuiltinKernels {
    /// One chain a weight over the rows: weight by weight.
    static func sparseRowsWeightGradient(_ pass: swiftcl_sparse_rows) {
      let weights = pass.weights
      let width = weights.width
      let bounds = weights.bounds
      var group = 0
      while group < weights.groups {
        var next = Int(bounds[group])
        while next < Int(bounds[group &+ 1]) {
          let entry = weights.entry(next)
          let input = Int(weights.inputs[entry])
          var output = 0
          while output < width {
            let value = weights.values + (entry &* width &+ output)
            var sum = pass.continues ? value[0] : 0
            var row = 0
            while row < pass.rows {
              sum = swiftcl_fma_single(
                pass.x[row &* pass.x_stride &+ input],
                pass.y[row &* pass.y_stride &+ group &* width &+ output], sum)
              row &+= 1
            }
            value[0] = sum
            output &+= 1
          }
          next &+= 1
        }
        group &+= 1
      }
    }
  }
#endif
