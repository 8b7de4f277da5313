import CSwiftCL

/// Products of int8 tickets: see swiftcl_int8.h. Integers have one result in any order, so
/// that every variant gives the same bits without further care.
extension BuiltinKernels {
  #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
    /// Four outputs at a time.
    @inline(never)
    static func int8Rows(_ pass: UnsafePointer<swiftcl_int8_rows>) {
      let work = pass.pointee
      let padded = Panels.pad(work.units)
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: 4) { four in
        guard let narrow = four.baseAddress else { return }
        for row in 0..<work.rows {
          var o = 0
          while o < work.units {
            let panel: Int = (o & ~15) &* work.quads
            let at = row &* padded &+ o
            let sums = work.wide.map { $0 + at } ?? narrow
            swiftcl_four_sums(
              work.x + row &* work.x_stride, work.weights + (panel &+ (o & 15)), work.quads,
              work.bias + o, sums)
            swiftcl_settle_four(pass, sums, o, at)
            o &+= 4
          }
        }
      }
    }
  #else
    @inline(never)
    static func int8Rows(_ pass: UnsafePointer<swiftcl_int8_rows>) {
      let work = pass.pointee
      var row = 0
      while row < work.rows &- 3 {
        int8Four(work, row)
        row &+= 4
      }
      while row < work.rows {
        int8One(work, row)
        row &+= 1
      }
    }

    @inline(__always)
    private static func int8One(_ work: swiftcl_int8_rows, _ row: Int) {
      let x = UnsafeRawPointer(work.x + row &* work.x_stride)
      var words = UnsafeRawPointer(work.weights)
      var o = 0
      while o < work.units {
        var sum = UnsafeRawPointer(work.bias + o).loadUnaligned(as: SIMD16<Int32>.self)
        for quad in 0..<work.quads {
          let pair = x + quad &* 8
          sum = swiftcl_quad_step(
            sum, words.loadUnaligned(as: SIMD16<Int32>.self), pair.load(as: Int32.self),
            pair.load(fromByteOffset: 4, as: Int32.self))
          words += 64
        }
        settle(work, sum, o, row)
        o &+= 16
      }
    }

    /// The words of a panel are read once for four rows.
    @inline(__always)
    private static func int8Four(_ work: swiftcl_int8_rows, _ row: Int) {
      let step = work.x_stride &* 2
      let x = UnsafeRawPointer(work.x + row &* work.x_stride)
      var words = UnsafeRawPointer(work.weights)
      var o = 0
      while o < work.units {
        let bias = UnsafeRawPointer(work.bias + o).loadUnaligned(as: SIMD16<Int32>.self)
        var s0 = bias
        var s1 = bias
        var s2 = bias
        var s3 = bias
        for quad in 0..<work.quads {
          let word = words.loadUnaligned(as: SIMD16<Int32>.self)
          let pair = x + quad &* 8
          s0 = int8Step(s0, word, pair)
          s1 = int8Step(s1, word, pair + step)
          s2 = int8Step(s2, word, pair + 2 &* step)
          s3 = int8Step(s3, word, pair + 3 &* step)
          words += 64
        }
        settle(work, s0, o, row)
        settle(work, s1, o, row &+ 1)
        settle(work, s2, o, row &+ 2)
        settle(work, s3, o, row &+ 3)
        o &+= 16
      }
    }

    @inline(__always)
    private static func int8Step(
      _ sum: SIMD16<Int32>, _ words: SIMD16<Int32>, _ pair: UnsafeRawPointer
    ) -> SIMD16<Int32> {
      swiftcl_quad_step(
        sum, words, pair.load(as: Int32.self), pair.load(fromByteOffset: 4, as: Int32.self))
    }

    @inline(never)
    private static func settle(
      _ work: swiftcl_int8_rows, _ sums: SIMD16<Int32>, _ o: Int, _ row: Int
    ) {
      let at = row &* Panels.pad(work.units) &+ o
      var added = SIMD16<Int64>(repeating: 0)
      if let other = work.added {
        for lane in 0..<16 { added[lane] = addend(work, other[at &+ lane]) }
      }
      let factor = UnsafeRawPointer(work.factor + o).loadUnaligned(as: SIMD16<Int32>.self)
      let y = swiftcl_settle_words(sums, factor, work.shift, added, work.low, work.high)
      if let wide = work.wide {
        UnsafeMutableRawPointer(wide + at).storeBytes(of: y, as: SIMD16<Int32>.self)
      } else if let narrow = work.y {
        UnsafeMutableRawPointer(narrow + at).storeBytes(
          of: swiftcl_narrow(y), as: SIMD16<Int16>.self)
      }
    }

    /// What another layer's integer adds.
    @inline(__always)
    private static func addend(_ work: swiftcl_int8_rows, _ value: Int16) -> Int64 {
      let half = 1 as Int64 &<< Int64(work.added_shift &- 1)
      return (Int64(value) &* Int64(work.added_factor) &+ half) &>> Int64(work.added_shift)
    }
  #endif

  /// Elements of one channel as integers of the input's range.
  @inline(never)
  static func int8Input(_ pass: UnsafePointer<swiftcl_int8_input>) {
    #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
      if swiftcl_int8_shift(pass) != 0 { return }
    #endif
    let work = pass.pointee
    let source = work.source
    var e = 0
    #if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
      if work.step == 1 {
        while e < work.count &- 15 {
          let value: SIMD16<Int32>
          switch work.type {
          case SWIFTCL_INPUT_U8:
            value = swiftcl_widen_u8((source + e).loadUnaligned(as: SIMD16<UInt8>.self))
          case SWIFTCL_INPUT_I8:
            value = swiftcl_widen_i8((source + e).loadUnaligned(as: SIMD16<Int8>.self))
          default:
            value = swiftcl_widen((source + e &* 2).loadUnaligned(as: SIMD16<Int16>.self))
          }
          let q = swiftcl_affine(value, work.factor, work.summand, work.shift, work.largest)
          UnsafeMutableRawPointer(work.target + e).storeBytes(of: q, as: SIMD16<Int16>.self)
          e &+= 16
        }
      }
    #endif
    while e < work.count {
      let at = e &* work.step
      let value: Int64
      switch work.type {
      case SWIFTCL_INPUT_U8: value = Int64((source + at).load(as: UInt8.self))
      case SWIFTCL_INPUT_I8: value = Int64((source + at).load(as: Int8.self))
      default: value = Int64((source + at &* 2).loadUnaligned(as: Int16.self))
      }
      let q = (value &* Int64(work.factor) &+ work.summand) &>> Int64(work.shift)
      let largest = Int64(work.largest)
      work.target[at] = Int16(truncatingIfNeeded: min(max(q, 0 &- largest), largest))
      e &+= 1
    }
  }
}
