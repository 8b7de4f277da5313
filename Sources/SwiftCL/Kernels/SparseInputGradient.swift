import CSwiftCL

extension BuiltinKernels {
  /// Scatters what each group's outputs send back, tile by tile.
  ///
  /// The gradients of the outputs stay in registers while all entries of the group pass, each of which
  /// reads and writes a few vectors. Its chain is short and waits for nothing but the vectors, so
  /// a processor has several entries under way.
  static func sparsePlanesInputGradient(_ pass: swiftcl_sparse_planes) {
    guard let dx = pass.dx else { return }
    var group = 0
    while group < pass.weights.groups {
      var line = 0
      while line < pass.lines {
        var pixel = 0
        while pixel < pass.pixels {
          // Equal tiles on every target: they are part of the written order.
          let share = evenShare(of: pass.pixels &- pixel, atMost: 3)
          let at = SparsePlace(line: line, pixel: pixel, group: group, part: 0)
          switch share {
          case 1: pass.scatter(at, dx, Strip1.self)
          case 2: pass.scatter(at, dx, Strip2.self)
          default: pass.scatter(at, dx, Strip3.self)
          }
          pixel &+= share
        }
        line &+= 1
      }
      group &+= 1
    }
  }
}

extension swiftcl_sparse_planes {
  @inline(__always)
  fileprivate func scatter<S: Strip>(
    _ at: SparsePlace, _ dx: UnsafeMutablePointer<Float>, _: S.Type
  ) {
    #if SWIFTCL_VARIANT_V4
      if weights.width == 8 {
        scatterTile(at, dx, Tile8<S>.self)
      } else {
        scatterTile(at, dx, Tile1<S>.self)
      }
    #elseif SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
      scatterStrip(at, dx, S.self)
    #else
      scatterEach(at, dx, pixels: S.count)
    #endif
  }

  #if SWIFTCL_VARIANT_V4
    @inline(never)
    private func scatterTile<T: Tile>(
      _ at: SparsePlace, _ dx: UnsafeMutablePointer<Float>, _: T.Type
    ) {
      let dy = T(from: source(at), rowStep: y_plane, panelStep: 16)
      let dx = dx + (at.line &* x_line &+ at.pixel &* x_step)
      let end = Int(weights.starts[at.group &+ 1])
      var entry = Int(weights.starts[at.group])
      while entry < end {
        let to = dx + place(of: entry)
        var sum = T.Row(from: to, step: x_step)
        dy.scatter(weights.values + entry &* T.rows, to: &sum)
        sum.store(to: to, step: x_step)
        entry &+= 1
      }
    }
  #elseif SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
    /// Where registers do not hold the gradients, they are read once an entry.
    @inline(never)
    private func scatterStrip<S: Strip>(
      _ at: SparsePlace, _ dx: UnsafeMutablePointer<Float>, _: S.Type
    ) {
      let dy = source(at)
      let dx = dx + (at.line &* x_line &+ at.pixel &* x_step)
      let end = Int(weights.starts[at.group &+ 1])
      var entry = Int(weights.starts[at.group])
      while entry < end {
        let to = dx + place(of: entry)
        var sum = S(from: to, step: x_step)
        let values = weights.values + entry &* weights.width
        var output = 0
        while output < weights.width {
          sum.add(Lanes(repeating: values[output]), S(from: dy + output &* y_plane, step: 16))
          output &+= 1
        }
        sum.store(to: to, step: x_step)
        entry &+= 1
      }
    }
  #else
    /// Pixel by pixel, small in code: no chain is shorter than the emulated multiply-add.
    @inline(never)
    private func scatterEach(
      _ at: SparsePlace, _ dx: UnsafeMutablePointer<Float>, pixels count: Int
    ) {
      let dy = source(at)
      let dx = dx + (at.line &* x_line &+ at.pixel &* x_step)
      let end = Int(weights.starts[at.group &+ 1])
      var entry = Int(weights.starts[at.group])
      while entry < end {
        let values = weights.values + entry &* weights.width
        var pixel = 0
        while pixel < count {
          let to = place(of: entry) &+ pixel &* x_step
          var sum = dx.lanes(at: to)
          var output = 0
          while output < weights.width {
            let factor = Lanes(repeating: values[output])
            sum = fma16(factor, dy.lanes(at: output &* y_plane &+ pixel &* 16), sum)
            output &+= 1
          }
          dx.setLanes(sum, at: to)
          pixel &+= 1
        }
        entry &+= 1
      }
    }
  #endif

  /// Where the gradients of a tile lie.
  @inline(__always)
  private func source(_ at: SparsePlace) -> UnsafeMutablePointer<Float> {
    y + (at.group &* weights.width &* y_plane &+ (at.line &* pixels &+ at.pixel) &* 16)
  }
}
