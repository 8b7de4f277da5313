import CSwiftCL

/// Products of int8 tickets: see swiftcl_int8.h. Integers have one result in any order, so
/// that every variant gives the same bits without further care.
extension BuiltinKernels {
  #if arch(arm)
    /// Four outputs at a time: their sums, two pairs of inputs and a word stay in registers.
    @inline(never)
    static func int8Rows(_ pass: UnsafePointer<swiftcl_int8_rows>) {
      let work = pass.pointee
      let padded = Panels.pad(work.units)
      for row in 0..<work.rows {
        let x = UnsafeRawPointer(work.x + row &* work.x_stride)
        var o = 0
        while o < work.units {
          let panel: Int = (o & ~15) &* work.quads
          var word = work.weights + (panel &+ (o & 15))
          var s0 = work.bias[o]
          var s1 = work.bias[o &+ 1]
          var s2 = work.bias[o &+ 2]
          var s3 = work.bias[o &+ 3]
          var pair = x
          let end = x + work.quads &* 8
          while pair < end {
            let x01 = pair.load(as: Int32.self)
            let x23 = pair.load(fromByteOffset: 4, as: Int32.self)
            s0 = swiftcl_quad_step(s0, word[0], x01, x23)
            s1 = swiftcl_quad_step(s1, word[1], x01, x23)
            s2 = swiftcl_quad_step(s2, word[2], x01, x23)
            s3 = swiftcl_quad_step(s3, word[3], x01, x23)
            pair += 8
            word += 16
          }
          let at = row &* padded &+ o
          settle(work, s0, o, at)
          settle(work, s1, o &+ 1, at &+ 1)
          settle(work, s2, o &+ 2, at &+ 2)
          settle(work, s3, o &+ 3, at &+ 3)
          o &+= 4
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
  #endif

  /// What another layer's integer adds.
  @inline(__always)
  private static func addend(_ work: swiftcl_int8_rows, _ value: Int16) -> Int64 {
    let half = 1 as Int64 &<< Int64(work.added_shift &- 1)
    return (Int64(value) &* Int64(work.added_factor) &+ half) &>> Int64(work.added_shift)
  }

  #if arch(arm)
    @inline(__always)
    private static func settle(_ work: swiftcl_int8_rows, _ sum: Int32, _ o: Int, _ at: Int) {
      var added: Int64 = 0
      if let other = work.added { added = addend(work, other[at]) }
      let y = swiftcl_settle(sum, work.factor[o], work.shift, added, work.low, work.high)
      if let wide = work.wide {
        wide[at] = y
      } else if let narrow = work.y {
        narrow[at] = Int16(truncatingIfNeeded: y)
      }
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
    #if !arch(arm)
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
