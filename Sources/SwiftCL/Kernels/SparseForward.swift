import CSwiftCL

extension BuiltinKernels {
  /// One ascending chain an output over its kept inputs.
  ///
  /// A block of eight outputs reads the pixels of its inputs once for all eight, so the multiply-adds
  /// are what takes time. Single weights read one vector for each; what helps there is that enough
  /// chains are under way.
  static func sparsePlanesForward(_ pass: swiftcl_sparse_planes) {
    if pass.weights.width == 8 {
      var group = 0
      while group < pass.weights.groups {
        pass.forwardBlock(group)
        group &+= 1
      }
    } else {
      pass.forwardSingles()
    }
  }
}

extension swiftcl_sparse_planes {
  @inline(__always)
  fileprivate func forwardBlock(_ group: Int) {
    var line = 0
    while line < lines {
      var pixel = 0
      while pixel < pixels {
        #if SWIFTCL_VARIANT_V4
          let share = evenShare(of: pixels &- pixel, atMost: 3)
          let at = SparsePlace(line: line, pixel: pixel, group: group, part: 0)
          switch share {
          case 1: forwardTile(at, Tile8<Strip1>.self)
          case 2: forwardTile(at, Tile8<Strip2>.self)
          default: forwardTile(at, Tile8<Strip3>.self)
          }
        #elseif SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
          let share = 1
          forwardTile(
            SparsePlace(line: line, pixel: pixel, group: group, part: 0), Tile4<Strip1>.self)
          forwardTile(
            SparsePlace(line: line, pixel: pixel, group: group, part: 4), Tile4<Strip1>.self)
        #else
          let share = 1
          var part = 0
          while part < 8 {
            forwardTile(
              SparsePlace(line: line, pixel: pixel, group: group, part: part), Tile1<Strip1>.self)
            part &+= 1
          }
        #endif
        pixel &+= share
      }
      line &+= 1
    }
  }

  /// Some outputs of a group and some pixels of a line.
  @inline(never)
  private func forwardTile<T: Tile>(_ at: SparsePlace, _: T.Type) {
    let width = weights.width
    let output = at.group &* width &+ at.part
    var sums = T()
    if let bias {
      // Minus zero is what a bias can be added to without a change, be it minus zero itself.
      let one = Lanes(repeating: 1)
      sums = T(repeating: T.Row(repeating: Lanes(repeating: -0.0)))
      sums.accumulate(bias + output, step: 1, T.Row(repeating: one))
    }
    let x = x + (at.line &* x_line &+ at.pixel &* x_step)
    let values = weights.values + at.part
    let end = Int(weights.starts[at.group &+ 1])
    var entry = Int(weights.starts[at.group])
    while entry < end {
      sums.accumulate(
        values + entry &* width, step: 1, T.Row(from: x + place(of: entry), step: x_step))
      entry &+= 1
    }
    if relu { sums.rectify() }
    sums.store(
      to: y + (output &* y_plane &+ (at.line &* pixels &+ at.pixel) &* 16), rowStep: y_plane,
      panelStep: 16)
  }

  fileprivate func forwardSingles() {
    var output = 0
    while output < weights.groups {
      let outputs = weights.groups &- output >= 4 ? 4 : 1
      var line = 0
      while line < lines {
        var pixel = 0
        while pixel < pixels {
          let at = SparsePlace(line: line, pixel: pixel, group: output, part: 0)
          pixel &+= forwardSingle(at, outputs: outputs, most: pixels &- pixel)
        }
        line &+= 1
      }
      output &+= outputs
    }
  }

  /// One output or four, and as many pixels as suit them, of which it returns the number.
  @inline(__always)
  private func forwardSingle(_ at: SparsePlace, outputs: Int, most: Int) -> Int {
    #if SWIFTCL_VARIANT_V4
      if most >= 8 { return forwardEach(at, outputs: outputs, Strip8.self) }
      if most >= 4 { return forwardLockstep(at, outputs: outputs, Strip4.self) }
      if most >= 2 { return forwardLockstep(at, outputs: outputs, Strip2.self) }
      return forwardLockstep(at, outputs: outputs, Strip1.self)
    #elseif SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
      if most >= 4 { return forwardEach(at, outputs: outputs, Strip4.self) }
      return forwardLockstep(at, outputs: outputs, Strip1.self)
    #else
      return forwardEach(at, outputs: outputs, Strip1.self)
    #endif
  }

  @inline(__always)
  private func forwardEach<S: Strip>(_ at: SparsePlace, outputs: Int, _: S.Type) -> Int {
    var at = at
    let end = at.group &+ outputs
    while at.group < end {
      forwardTile(at, Tile1<S>.self)
      at.group &+= 1
    }
    return S.count
  }

  #if !(SWIFTCL_VARIANT_BASE || arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
    @inline(__always)
    private func forwardLockstep<S: Strip>(_ at: SparsePlace, outputs: Int, _: S.Type) -> Int {
      if outputs < 4 { return forwardEach(at, outputs: outputs, S.self) }
      forwardFour(at, S.self)
      return S.count
    }

    /// Four outputs side by side, as long as all have entries: one alone would wait for itself.
    @inline(never)
    private func forwardFour<S: Strip>(_ at: SparsePlace, _: S.Type) {
      let starts = weights.starts + at.group
      let first = (Int(starts[0]), Int(starts[1]), Int(starts[2]), Int(starts[3]), Int(starts[4]))
      let common = min(
        min(first.1 &- first.0, first.2 &- first.1), min(first.3 &- first.2, first.4 &- first.3))
      let x = x + (at.line &* x_line &+ at.pixel &* x_step)
      var a = begin(at.group, S.self)
      var b = begin(at.group &+ 1, S.self)
      var c = begin(at.group &+ 2, S.self)
      var d = begin(at.group &+ 3, S.self)
      var step = 0
      while step < common {
        add(first.0 &+ step, x, to: &a)
        add(first.1 &+ step, x, to: &b)
        add(first.2 &+ step, x, to: &c)
        add(first.3 &+ step, x, to: &d)
        step &+= 1
      }
      finish(at, 0, a, x, from: first.0 &+ common, to: first.1)
      finish(at, 1, b, x, from: first.1 &+ common, to: first.2)
      finish(at, 2, c, x, from: first.2 &+ common, to: first.3)
      finish(at, 3, d, x, from: first.3 &+ common, to: first.4)
    }

    @inline(__always)
    private func begin<S: Strip>(_ output: Int, _: S.Type) -> S {
      bias.map { S(repeating: Lanes(repeating: $0[output])) } ?? S()
    }

    @inline(__always)
    private func add<S: Strip>(_ entry: Int, _ x: UnsafePointer<Float>, to sum: inout S) {
      sum.add(
        Lanes(repeating: weights.values[entry]), S(from: x + place(of: entry), step: x_step))
    }

    @inline(never)
    private func finish<S: Strip>(
      _ at: SparsePlace, _ output: Int, _ sum: S, _ x: UnsafePointer<Float>, from: Int, to: Int
    ) {
      var sum = sum
      var entry = from
      while entry < to {
        add(entry, x, to: &sum)
        entry &+= 1
      }
      if relu { sum.rectify() }
      sum.store(
        to: y + ((at.group &+ output) &* y_plane &+ (at.line &* pixels &+ at.pixel) &* 16), step: 16
      )
    }
  #endif

  /// How far from a pixel's place the vector of an entry's input lies.
  @inline(__always)
  func place(of entry: Int) -> Int { Int(offsets[Int(weights.inputs[entry])]) }
}

/// The first pixel of a tile, and its first output: number `part` of its group.
struct SparsePlace {
  var line: Int
  var pixel: Int
  var group: Int
  var part: Int
}
