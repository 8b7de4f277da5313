/// Dot products of a few rows with several inputs' weights, sixteen partial sums each.
///
/// The row type is a strip with one vector for each row.
protocol DotTile {
  associatedtype Rows: Strip
  /// How many inputs the tile has.
  static var count: Int { get }
  /// All zero.
  init()
  /// Adds the products of `rows` with the weights of the inputs from number `index` on, 16
  /// floats apart. Inputs after number `last` read that one again.
  mutating func accumulate(_ rows: Rows, _ weights: UnsafePointer<Float>, at index: Int, last: Int)
  /// The partial sums folded to one vector for each row, with 16 / count lanes an input.
  func folded() -> Rows
}

/// The dot products with one input's weights.
struct DotLeaf<Rows: Strip>: DotTile {
  var sums: Rows

  @inline(__always)
  static var count: Int { 1 }

  @inline(__always)
  init() { sums = Rows() }

  @inline(__always)
  mutating func accumulate(
    _ rows: Rows, _ weights: UnsafePointer<Float>, at index: Int, last: Int
  ) {
    sums.add(weights.lanes(at: (index < last ? index : last) &* 16), rows)
  }

  @inline(__always)
  func folded() -> Rows { sums }
}

/// Two tiles of dot products, of neighbouring inputs.
struct DotFork<Half: DotTile>: DotTile {
  typealias Rows = Half.Rows
  var lower: Half
  var upper: Half

  @inline(__always)
  static var count: Int { 2 &* Half.count }

  @inline(__always)
  init() {
    lower = Half()
    upper = Half()
  }

  @inline(__always)
  mutating func accumulate(
    _ rows: Rows, _ weights: UnsafePointer<Float>, at index: Int, last: Int
  ) {
    lower.accumulate(rows, weights, at: index, last: last)
    upper.accumulate(rows, weights, at: index &+ Half.count, last: last)
  }

  @inline(__always)
  func folded() -> Rows {
    Rows.fold(lower.folded(), upper.folded(), span: 8 / Half.count)
  }
}

/// Where the rows and weights of a block of dot products lie.
struct DotSource {
  var dy: UnsafePointer<Float>
  var dyStride: Int
  /// The weights of the block's first input in the first panel.
  var weights: UnsafePointer<Float>
  var panelStep: Int
  var panels: Int
  /// The last input of the block that exists.
  var last: Int
}

/// Dot products that may take several tiles, folded together as one tile would.
protocol DotBlock {
  associatedtype Rows: Strip
  /// How many inputs the block has.
  static var count: Int { get }
  /// The dot products with inputs `first` and following, folded as far as they go.
  static func folded(_ source: DotSource, first: Int) -> Rows
}

/// A block that fits the registers.
struct DotTileBlock<T: DotTile>: DotBlock {
  typealias Rows = T.Rows

  @inline(__always)
  static var count: Int { T.count }

  @inline(__always)
  static func folded(_ source: DotSource, first: Int) -> Rows {
    var tile = T()
    let weights = source.weights
    var panel = 0
    while panel < source.panels {
      tile.accumulate(
        Rows(from: source.dy + panel &* 16, step: source.dyStride),
        weights + panel &* source.panelStep, at: first, last: source.last)
      panel &+= 1
    }
    return tile.folded()
  }
}

/// Two blocks one after the other.
struct DotSequence<Half: DotBlock>: DotBlock {
  typealias Rows = Half.Rows

  @inline(__always)
  static var count: Int { 2 &* Half.count }

  @inline(__always)
  static func folded(_ source: DotSource, first: Int) -> Rows {
    let lower = Half.folded(source, first: first)
    let upper = Half.folded(source, first: first &+ Half.count)
    return Rows.fold(lower, upper, span: 8 / Half.count)
  }
}
