/// Work that any tile can do; `TileShape` chooses the tile.
protocol TileWork {
  func run<T: Tile>(_ tile: T.Type)
}

/// Which tiles fit the registers of this variant.
///
/// Enough accumulators must be under way to hide the latency of the multiply-add
/// (eight registers on today's x86), and they must leave room for the operands.
enum TileShape {
  #if SWIFTCL_VARIANT_V4
    /// The most rows of a tile.
    static var rows: Int { 8 }

    /// The most panels of a tile with so many rows. A single row, which the narrower
    /// variant does faster, need not be fast here.
    @inline(__always)
    static func panels(rows: Int) -> Int { rows == 1 ? 1 : rows == 2 ? 4 : 3 }

    /// Runs `work` with the tile of this size.
    @inline(__always)
    static func run(_ work: some TileWork, rows: Int, panels: Int) {
      switch rows {
      case 1: work.run(Tile1<Strip1>.self)
      case 2: twoRows(work, panels: panels)
      default:
        switch panels {
        case 1: moreRows(work, rows: rows, Strip1.self)
        case 2: moreRows(work, rows: rows, Strip2.self)
        default: moreRows(work, rows: rows, Strip3.self)
        }
      }
    }

    /// The most panels of a gradient's tile, whose rows are inputs: there are few of them
    /// only where a layer has few, which is not worth the code.
    @inline(__always)
    static func gradientPanels(rows: Int) -> Int { rows < 3 ? 1 : 3 }

    /// Runs `work` with a tile that `gradientPanels` allows.
    @inline(__always)
    static func runGradient(_ work: some TileWork, rows: Int, panels: Int) {
      switch (rows, panels) {
      case (1, _): work.run(Tile1<Strip1>.self)
      case (2, _): work.run(Tile2<Strip1>.self)
      case (_, 1): moreRows(work, rows: rows, Strip1.self)
      case (_, 2): moreRows(work, rows: rows, Strip2.self)
      default: moreRows(work, rows: rows, Strip3.self)
      }
    }

    @inline(__always)
    private static func twoRows(_ work: some TileWork, panels: Int) {
      switch panels {
      case 1: work.run(Tile2<Strip1>.self)
      case 2: work.run(Tile2<Strip2>.self)
      case 3: work.run(Tile2<Strip3>.self)
      default: work.run(Tile2<Strip4>.self)
      }
    }

    @inline(__always)
    private static func moreRows<S: Strip>(_ work: some TileWork, rows: Int, _: S.Type) {
      switch rows {
      case 3: work.run(Tile3<S>.self)
      case 4: work.run(Tile4<S>.self)
      case 5: work.run(Tile5<S>.self)
      case 6: work.run(Tile6<S>.self)
      case 7: work.run(Tile7<S>.self)
      default: work.run(Tile8<S>.self)
      }
    }
  #elseif SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
    /// The most rows of a tile.
    static var rows: Int { 6 }

    /// The most panels of a tile with so many rows.
    @inline(__always)
    static func panels(rows: Int) -> Int { rows == 1 ? 7 : rows == 2 ? 3 : rows == 3 ? 2 : 1 }

    /// Runs `work` with the tile of this size.
    @inline(__always)
    static func run(_ work: some TileWork, rows: Int, panels: Int) {
      switch (rows, panels) {
      case (1, 1): work.run(Tile1<Strip1>.self)
      case (1, 2): work.run(Tile1<Strip2>.self)
      case (1, 3): work.run(Tile1<Strip3>.self)
      case (1, 4): work.run(Tile1<Strip4>.self)
      case (1, 5): work.run(Tile1<Strip5>.self)
      case (1, 6): work.run(Tile1<Strip6>.self)
      case (1, _): work.run(Tile1<Strip7>.self)
      case (2, 1): work.run(Tile2<Strip1>.self)
      case (2, 2): work.run(Tile2<Strip2>.self)
      case (2, _): work.run(Tile2<Strip3>.self)
      case (3, 1): work.run(Tile3<Strip1>.self)
      case (3, _): work.run(Tile3<Strip2>.self)
      case (4, _): work.run(Tile4<Strip1>.self)
      case (5, _): work.run(Tile5<Strip1>.self)
      default: work.run(Tile6<Strip1>.self)
      }
    }

    /// The most panels of a gradient's tile, whose rows are inputs.
    @inline(__always)
    static func gradientPanels(rows: Int) -> Int { 1 }

    /// Runs `work` with a tile that `gradientPanels` allows.
    @inline(__always)
    static func runGradient(_ work: some TileWork, rows: Int, panels: Int) {
      switch rows {
      case 1: work.run(Tile1<Strip1>.self)
      case 2: work.run(Tile2<Strip1>.self)
      case 3: work.run(Tile3<Strip1>.self)
      case 4: work.run(Tile4<Strip1>.self)
      case 5: work.run(Tile5<Strip1>.self)
      default: work.run(Tile6<Strip1>.self)
      }
    }
  #else
    /// The most rows of a tile: one, where registers are few or the multiply-add is emulated.
    static var rows: Int { 1 }

    /// The most panels of a tile with so many rows.
    @inline(__always)
    static func panels(rows: Int) -> Int { 1 }

    /// Runs `work` with the tile of this size.
    @inline(__always)
    static func run(_ work: some TileWork, rows: Int, panels: Int) {
      work.run(Tile1<Strip1>.self)
    }

    /// The most panels of a gradient's tile, whose rows are inputs.
    @inline(__always)
    static func gradientPanels(rows: Int) -> Int { 1 }

    /// Runs `work` with a tile that `gradientPanels` allows.
    @inline(__always)
    static func runGradient(_ work: some TileWork, rows: Int, panels: Int) {
      work.run(Tile1<Strip1>.self)
    }
  #endif
}
