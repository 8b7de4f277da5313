/// A block of accumulators that stays in registers while a product is summed.
///
/// A tile has rows, and each row is a strip of panels. For a forward product rows are
/// samples; for a weight gradient they are inputs.
protocol Tile {
  associatedtype Row: Strip
  /// How many rows the tile has.
  static var rows: Int { get }
  /// All zero.
  init()
  /// The same strip in each row.
  init(repeating row: Row)
  /// Reads a tile back from memory.
  init(from start: UnsafePointer<Float>, rowStep: Int, panelStep: Int)
  /// Writes the tile to memory.
  func store(to start: UnsafeMutablePointer<Float>, rowStep: Int, panelStep: Int)
  /// Adds to each row its own factor times `row`.
  mutating func accumulate(_ factors: UnsafePointer<Float>, step: Int, _ row: Row)
  /// Adds to each row its own vector of factors times `row`.
  mutating func accumulate(lanes factors: UnsafePointer<Float>, step: Int, _ row: Row)
  /// Adds to `row` each row of the tile times its own factor, one after the other.
  func scatter(_ factors: UnsafePointer<Float>, to row: inout Row)
  /// Makes what is not positive 0.
  mutating func rectify()
}

/// A tile of one row.
struct TileRow<Row: Strip>: Tile {
  var row: Row

  @inline(__always)
  static var rows: Int { 1 }

  @inline(__always)
  init() { row = Row() }

  @inline(__always)
  init(repeating row: Row) { self.row = row }

  @inline(__always)
  init(from start: UnsafePointer<Float>, rowStep: Int, panelStep: Int) {
    row = Row(from: start, step: panelStep)
  }

  @inline(__always)
  func store(to start: UnsafeMutablePointer<Float>, rowStep: Int, panelStep: Int) {
    row.store(to: start, step: panelStep)
  }

  @inline(__always)
  mutating func accumulate(_ factors: UnsafePointer<Float>, step: Int, _ row: Row) {
    self.row.add(Lanes(repeating: factors[0]), row)
  }

  @inline(__always)
  mutating func accumulate(lanes factors: UnsafePointer<Float>, step: Int, _ row: Row) {
    self.row.add(factors.lanes(at: 0), row)
  }

  @inline(__always)
  func scatter(_ factors: UnsafePointer<Float>, to row: inout Row) {
    row.add(Lanes(repeating: factors[0]), self.row)
  }

  @inline(__always)
  mutating func rectify() { row.rectify() }
}

/// One tile above another.
struct TileStack<Upper: Tile, Lower: Tile>: Tile where Upper.Row == Lower.Row {
  typealias Row = Upper.Row
  var upper: Upper
  var lower: Lower

  @inline(__always)
  static var rows: Int { Upper.rows &+ Lower.rows }

  @inline(__always)
  init() {
    upper = Upper()
    lower = Lower()
  }

  @inline(__always)
  init(repeating row: Row) {
    upper = Upper(repeating: row)
    lower = Lower(repeating: row)
  }

  @inline(__always)
  init(from start: UnsafePointer<Float>, rowStep: Int, panelStep: Int) {
    upper = Upper(from: start, rowStep: rowStep, panelStep: panelStep)
    lower = Lower(from: start + Upper.rows &* rowStep, rowStep: rowStep, panelStep: panelStep)
  }

  @inline(__always)
  func store(to start: UnsafeMutablePointer<Float>, rowStep: Int, panelStep: Int) {
    upper.store(to: start, rowStep: rowStep, panelStep: panelStep)
    lower.store(to: start + Upper.rows &* rowStep, rowStep: rowStep, panelStep: panelStep)
  }

  @inline(__always)
  mutating func accumulate(_ factors: UnsafePointer<Float>, step: Int, _ row: Row) {
    upper.accumulate(factors, step: step, row)
    lower.accumulate(factors + Upper.rows &* step, step: step, row)
  }

  @inline(__always)
  mutating func accumulate(lanes factors: UnsafePointer<Float>, step: Int, _ row: Row) {
    upper.accumulate(lanes: factors, step: step, row)
    lower.accumulate(lanes: factors + Upper.rows &* step, step: step, row)
  }

  @inline(__always)
  func scatter(_ factors: UnsafePointer<Float>, to row: inout Row) {
    upper.scatter(factors, to: &row)
    lower.scatter(factors + Upper.rows, to: &row)
  }

  @inline(__always)
  mutating func rectify() {
    upper.rectify()
    lower.rectify()
  }
}

typealias Tile1<S: Strip> = TileRow<S>
typealias Tile2<S: Strip> = TileStack<Tile1<S>, Tile1<S>>
typealias Tile3<S: Strip> = TileStack<Tile2<S>, Tile1<S>>
typealias Tile4<S: Strip> = TileStack<Tile2<S>, Tile2<S>>
typealias Tile5<S: Strip> = TileStack<Tile4<S>, Tile1<S>>
typealias Tile6<S: Strip> = TileStack<Tile4<S>, Tile2<S>>
typealias Tile7<S: Strip> = TileStack<Tile4<S>, Tile3<S>>
typealias Tile8<S: Strip> = TileStack<Tile4<S>, Tile4<S>>
