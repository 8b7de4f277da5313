/// Vectors that lie side by side in registers: one for each panel of a tile, or one
/// for each row of a block of dot products.
///
/// Strips are put together from smaller ones by generic structs. After specialisation
/// nothing is left of them but registers, which an array or a loop would not promise.
protocol Strip {
  /// How many vectors the strip has.
  static var count: Int { get }
  /// All zero.
  init()
  /// The same vector everywhere.
  init(repeating lanes: Lanes)
  /// Reads vectors that lie `step` floats apart.
  init(from start: UnsafePointer<Float>, step: Int)
  /// Reads each vector from a place of its own.
  init(from start: UnsafePointer<Float>, at places: UnsafePointer<Int>)
  /// Writes the vectors `step` floats apart.
  func store(to start: UnsafeMutablePointer<Float>, step: Int)
  /// Adds `factor` times `other`, fused, vector by vector.
  mutating func add(_ factor: Lanes, _ other: Self)
  /// Adds `other` with plain additions.
  mutating func add(_ other: Self)
  /// `sum` plus the products of the vectors with those of `other`, one after the other.
  func products(_ other: Self, after sum: Lanes) -> Lanes
  /// Makes what is not positive 0.
  mutating func rectify()
  /// Folds two strips of partial sums; see `folded(_:_:span:)`.
  static func fold(_ a: Self, _ b: Self, span: Int) -> Self
}

/// The smallest strip: one vector.
struct Strip1: Strip {
  var lanes: Lanes

  @inline(__always)
  static var count: Int { 1 }

  @inline(__always)
  init() { lanes = Lanes.zero }

  @inline(__always)
  init(lanes: Lanes) { self.lanes = lanes }

  @inline(__always)
  init(repeating lanes: Lanes) { self.lanes = lanes }

  @inline(__always)
  init(from start: UnsafePointer<Float>, step: Int) { lanes = start.lanes(at: 0) }

  @inline(__always)
  init(from start: UnsafePointer<Float>, at places: UnsafePointer<Int>) {
    lanes = start.lanes(at: places[0])
  }

  @inline(__always)
  func store(to start: UnsafeMutablePointer<Float>, step: Int) { start.setLanes(lanes, at: 0) }

  @inline(__always)
  mutating func add(_ factor: Lanes, _ other: Strip1) { lanes = fma16(factor, other.lanes, lanes) }

  @inline(__always)
  mutating func add(_ other: Strip1) { lanes += other.lanes }

  @inline(__always)
  func products(_ other: Strip1, after sum: Lanes) -> Lanes { fma16(other.lanes, lanes, sum) }

  @inline(__always)
  mutating func rectify() { lanes = lanes.rectified }

  @inline(__always)
  static func fold(_ a: Strip1, _ b: Strip1, span: Int) -> Strip1 {
    Strip1(lanes: folded(a.lanes, b.lanes, span: span))
  }
}

/// Two strips side by side.
struct StripPair<Left: Strip, Right: Strip>: Strip {
  var left: Left
  var right: Right

  @inline(__always)
  static var count: Int { Left.count &+ Right.count }

  @inline(__always)
  init() {
    left = Left()
    right = Right()
  }

  @inline(__always)
  init(repeating lanes: Lanes) {
    left = Left(repeating: lanes)
    right = Right(repeating: lanes)
  }

  @inline(__always)
  init(left: Left, right: Right) {
    self.left = left
    self.right = right
  }

  @inline(__always)
  init(from start: UnsafePointer<Float>, step: Int) {
    left = Left(from: start, step: step)
    right = Right(from: start + Left.count &* step, step: step)
  }

  @inline(__always)
  init(from start: UnsafePointer<Float>, at places: UnsafePointer<Int>) {
    left = Left(from: start, at: places)
    right = Right(from: start, at: places + Left.count)
  }

  @inline(__always)
  func store(to start: UnsafeMutablePointer<Float>, step: Int) {
    left.store(to: start, step: step)
    right.store(to: start + Left.count &* step, step: step)
  }

  @inline(__always)
  mutating func add(_ factor: Lanes, _ other: Self) {
    left.add(factor, other.left)
    right.add(factor, other.right)
  }

  @inline(__always)
  mutating func add(_ other: Self) {
    left.add(other.left)
    right.add(other.right)
  }

  @inline(__always)
  func products(_ other: Self, after sum: Lanes) -> Lanes {
    right.products(other.right, after: left.products(other.left, after: sum))
  }

  @inline(__always)
  mutating func rectify() {
    left.rectify()
    right.rectify()
  }

  @inline(__always)
  static func fold(_ a: Self, _ b: Self, span: Int) -> Self {
    StripPair(
      left: Left.fold(a.left, b.left, span: span), right: Right.fold(a.right, b.right, span: span))
  }
}

typealias Strip2 = StripPair<Strip1, Strip1>
typealias Strip3 = StripPair<Strip2, Strip1>
typealias Strip4 = StripPair<Strip2, Strip2>
typealias Strip5 = StripPair<Strip4, Strip1>
typealias Strip6 = StripPair<Strip4, Strip2>
typealias Strip7 = StripPair<Strip4, Strip3>
typealias Strip8 = StripPair<Strip4, Strip4>
