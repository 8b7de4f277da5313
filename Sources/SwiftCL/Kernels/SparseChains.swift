import CSwiftCL

#if SWIFTCL_VARIANT_V4 || SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
  /// The outputs of a group of kept weights, side by side: eight or one.
  protocol SparseVector {
    static var width: Int { get }
    static var zero: Self { get }
    init(from start: UnsafePointer<Float>)
    func store(to start: UnsafeMutablePointer<Float>)
    /// Adds `factor` times `other`, fused.
    mutating func add(_ factor: Float, _ other: Self)
    /// Makes what is not positive 0.
    mutating func rectify()
  }

  /// The outputs of a block.
  struct SparseEight: SparseVector {
    var lanes: SIMD8<Float>

    @inline(__always)
    static var width: Int { 8 }

    @inline(__always)
    static var zero: SparseEight { SparseEight(lanes: SIMD8<Float>.zero) }

    @inline(__always)
    init(lanes: SIMD8<Float>) { self.lanes = lanes }

    @inline(__always)
    init(from start: UnsafePointer<Float>) {
      lanes = UnsafeRawPointer(start).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always)
    func store(to start: UnsafeMutablePointer<Float>) {
      UnsafeMutableRawPointer(start).storeBytes(of: lanes, as: SIMD8<Float>.self)
    }

    @inline(__always)
    mutating func add(_ factor: Float, _ other: SparseEight) {
      lanes = swiftcl_fma_eight(SIMD8(repeating: factor), other.lanes, lanes)
    }

    @inline(__always)
    mutating func rectify() {
      lanes.replace(with: SIMD8<Float>.zero, where: .!(lanes .> SIMD8<Float>.zero))
    }
  }

  /// The output of a single weight.
  struct SparseOne: SparseVector {
    var value: Float

    @inline(__always)
    static var width: Int { 1 }

    @inline(__always)
    static var zero: SparseOne { SparseOne(value: 0) }

    @inline(__always)
    init(value: Float) { self.value = value }

    @inline(__always)
    init(from start: UnsafePointer<Float>) { value = start[0] }

    @inline(__always)
    func store(to start: UnsafeMutablePointer<Float>) { start[0] = value }

    @inline(__always)
    mutating func add(_ factor: Float, _ other: SparseOne) {
      value = swiftcl_fma_single(factor, other.value, value)
    }

    @inline(__always)
    mutating func rectify() { value = value > 0 ? value : 0 }
  }

  /// Sums in the making, side by side, as a single one would wait for itself.
  protocol SparseChains {
    associatedtype Vector: SparseVector
    /// How many there are.
    static var count: Int { get }
    /// The same everywhere.
    init(repeating vector: Vector)
    /// Reads each from a place of its own.
    init(from start: UnsafePointer<Float>, at places: UnsafePointer<Int>)
    /// Writes each to a place of its own.
    func store(to start: UnsafeMutablePointer<Float>, at places: UnsafePointer<Int>)
    /// Adds to each its own factor times `vector`.
    mutating func add(
      _ factors: UnsafePointer<Float>, at places: UnsafePointer<Int>, _ vector: Vector)
    /// Adds to each the factor that an entry of its own picks times that entry's weights.
    mutating func add(
      _ x: UnsafePointer<Float>, _ weights: swiftcl_sparse, entries: UnsafePointer<Int>, _ step: Int
    )
    /// Makes what is not positive 0.
    mutating func rectify()
    /// Begins the chains of groups from number `group` on.
    mutating func begin(_ pass: swiftcl_sparse_rows, _ group: Int)
    /// Adds the entries behind the first `common` ones of each group, and writes the outputs.
    func finish(
      _ pass: swiftcl_sparse_rows, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>,
      _ group: Int, entries: UnsafePointer<Int>, _ common: Int)
  }

  /// One sum.
  struct SparseChain<Vector: SparseVector>: SparseChains {
    var sum: Vector

    @inline(__always)
    static var count: Int { 1 }

    @inline(__always)
    init(repeating vector: Vector) { sum = vector }

    @inline(__always)
    init(from start: UnsafePointer<Float>, at places: UnsafePointer<Int>) {
      sum = Vector(from: start + places[0])
    }

    @inline(__always)
    func store(to start: UnsafeMutablePointer<Float>, at places: UnsafePointer<Int>) {
      sum.store(to: start + places[0])
    }

    @inline(__always)
    mutating func add(
      _ factors: UnsafePointer<Float>, at places: UnsafePointer<Int>, _ vector: Vector
    ) {
      sum.add(factors[places[0]], vector)
    }

    @inline(__always)
    mutating func add(
      _ x: UnsafePointer<Float>, _ weights: swiftcl_sparse, entries: UnsafePointer<Int>, _ step: Int
    ) {
      let entry = entries[0] &+ step
      sum.add(
        x[Int(weights.inputs[entry])], Vector(from: weights.values + entry &* Vector.width))
    }

    @inline(__always)
    mutating func rectify() { sum.rectify() }
  }

  /// Two of them side by side.
  struct SparseChainPair<Half: SparseChains>: SparseChains {
    typealias Vector = Half.Vector
    var left: Half
    var right: Half

    @inline(__always)
    static var count: Int { 2 &* Half.count }

    @inline(__always)
    init(repeating vector: Vector) {
      left = Half(repeating: vector)
      right = Half(repeating: vector)
    }

    @inline(__always)
    init(from start: UnsafePointer<Float>, at places: UnsafePointer<Int>) {
      left = Half(from: start, at: places)
      right = Half(from: start, at: places + Half.count)
    }

    @inline(__always)
    func store(to start: UnsafeMutablePointer<Float>, at places: UnsafePointer<Int>) {
      left.store(to: start, at: places)
      right.store(to: start, at: places + Half.count)
    }

    @inline(__always)
    mutating func add(
      _ factors: UnsafePointer<Float>, at places: UnsafePointer<Int>, _ vector: Vector
    ) {
      left.add(factors, at: places, vector)
      right.add(factors, at: places + Half.count, vector)
    }

    @inline(__always)
    mutating func add(
      _ x: UnsafePointer<Float>, _ weights: swiftcl_sparse, entries: UnsafePointer<Int>, _ step: Int
    ) {
      left.add(x, weights, entries: entries, step)
      right.add(x, weights, entries: entries + Half.count, step)
    }

    @inline(__always)
    mutating func rectify() {
      left.rectify()
      right.rectify()
    }
  }

  typealias SparseChains4<V: SparseVector> = SparseChainPair<SparseChainPair<SparseChain<V>>>
  typealias SparseChains8<V: SparseVector> = SparseChainPair<SparseChains4<V>>
#endif
