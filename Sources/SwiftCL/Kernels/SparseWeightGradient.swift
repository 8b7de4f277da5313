import CSwiftCL

#if SWIFTCL_VARIANT_V4 || SWIFTCL_VARIANT_V3 || arch(arm64) || (arch(x86_64) && SWIFTCL_FMA)
  extension BuiltinKernels {
    /// One chain a weight and lane over lines and pixels, folded at the end.
    ///
    /// Several entries of a group share each read of its outputs' gradients.
    static func sparsePlanesWeightGradient(_ pass: swiftcl_sparse_planes) {
      withUnsafePointer(to: pass) { pass in
        swiftcl_lend_scratch(
          { $0.assumingMemoryBound(to: swiftcl_sparse_planes.self).pointee.weightGradient($1) },
          pass)
      }
    }
  }

  /// Some entries of a group, and where the vectors of their inputs lie.
  private struct SparseEntries {
    var group: Int
    var first: Int
    var count: Int
    var places: UnsafeMutablePointer<Int>
    /// The sums in the making: sixteen floats for each weight, in the order of the weights.
    var sums: UnsafeMutablePointer<Float>
  }

  extension swiftcl_sparse_planes {
    fileprivate func weightGradient(_ scratch: UnsafeMutablePointer<Float>) {
      let places = UnsafeMutableRawPointer(scratch + 512).assumingMemoryBound(to: Int.self)
      let bounds = weights.bounds
      var group = 0
      while group < weights.groups {
        let end = Int(bounds[group &+ 1])
        var next = Int(bounds[group])
        while next < end {
          let share = evenShare(of: end &- next, atMost: mostEntries)
          sum(
            SparseEntries(group: group, first: next, count: share, places: places, sums: scratch))
          next &+= share
        }
        group &+= 1
      }
    }

    @inline(__always)
    private func sum(_ entries: SparseEntries) {
      var index = 0
      while index < 8 {
        // Places that no entry has repeat the last one's.
        let entry = weights.entry(entries.first &+ min(index, entries.count &- 1))
        entries.places[index] = place(of: entry)
        index &+= 1
      }
      if weights.width == 8 { sumBlocks(entries) } else { sumSingles(entries) }
    }

    #if SWIFTCL_VARIANT_V4
      @inline(__always)
      private var mostEntries: Int { weights.width == 8 ? 3 : 8 }

      @inline(__always)
      private func sumBlocks(_ entries: SparseEntries) {
        switch entries.count {
        case 1: sumTile(entries, part: 0, Tile8<Strip1>.self)
        case 2: sumTile(entries, part: 0, Tile8<Strip2>.self)
        default: sumTile(entries, part: 0, Tile8<Strip3>.self)
        }
        fold(entries)
      }

      @inline(__always)
      private func sumSingles(_ entries: SparseEntries) {
        sumTile(entries, part: 0, Tile1<Strip8>.self)
        fold(entries)
      }
    #else
      @inline(__always)
      private var mostEntries: Int { weights.width == 8 ? 1 : 4 }

      @inline(__always)
      private func sumBlocks(_ entries: SparseEntries) {
        sumTile(entries, part: 0, Tile4<Strip1>.self)
        sumTile(entries, part: 4, Tile4<Strip1>.self)
        fold(entries)
      }

      @inline(__always)
      private func sumSingles(_ entries: SparseEntries) {
        sumTile(entries, part: 0, Tile1<Strip4>.self)
        fold(entries)
      }
    #endif

    /// Sums for outputs `part` and following of the group.
    @inline(never)
    private func sumTile<T: Tile>(_ entries: SparseEntries, part: Int, _: T.Type) {
      let width = weights.width
      var x = x
      var dy = UnsafePointer(y + (entries.group &* width &+ part) &* y_plane)
      var sums = T()
      var line = 0
      while line < lines {
        var at = x
        var pixel = 0
        while pixel < pixels {
          sums.accumulate(lanes: dy, step: y_plane, T.Row(from: at, at: entries.places))
          at += x_step
          dy += 16
          pixel &+= 1
        }
        x += x_line
        line &+= 1
      }
      sums.store(to: entries.sums + part &* 16, rowStep: 16, panelStep: 16 &* width)
    }

    /// Folds eight sums at a time: those of a block, or of eight single weights.
    @inline(__always)
    private func fold(_ entries: SparseEntries) {
      var index = 0
      while index < entries.count {
        if weights.width == 8 {
          let sums = folded(eight: entries.sums + index &* 128)
          let values = UnsafeMutableRawPointer(
            weights.values + weights.entry(entries.first &+ index) &* 8)
          let old = values.loadUnaligned(as: SIMD8<Float>.self)
          values.storeBytes(of: continues ? old + sums : sums, as: SIMD8<Float>.self)
          index &+= 1
        } else {
          let sums = folded(eight: entries.sums)
          while index < entries.count {
            let entry = weights.entry(entries.first &+ index)
            weights.values[entry] = continues ? weights.values[entry] + sums[index] : sums[index]
            index &+= 1
          }
        }
      }
    }
  }

  /// The sums of eight vectors, each in the order of `folded(_:)`.
  @inline(__always)
  private func folded(eight sums: UnsafeMutablePointer<Float>) -> SIMD8<Float> {
    let low = folded(
      folded(sums.lanes(at: 0), sums.lanes(at: 16), span: 8),
      folded(sums.lanes(at: 32), sums.lanes(at: 48), span: 8), span: 4)
    let high = folded(
      folded(sums.lanes(at: 64), sums.lanes(at: 80), span: 8),
      folded(sums.lanes(at: 96), sums.lanes(at: 112), span: 8), span: 4)
    let both = folded(low, high, span: 2)
    return folded(both, both, span: 1).lowHalf
  }
#else
  extension BuiltinKernels {
    /// One chain a weight and lane over lines and pixels, folded at the end: weight by weight.
    static func sparsePlanesWeightGradient(_ pass: swiftcl_sparse_planes) {
      let weights = pass.weights
      let width = weights.width
      let bounds = weights.bounds
      var group = 0
      while group < weights.groups {
        var next = Int(bounds[group])
        while next < Int(bounds[group &+ 1]) {
          let entry = weights.entry(next)
          var output = 0
          while output < width {
            let sum = pass.weightSum(entry, output: group &* width &+ output)
            let value = weights.values + (entry &* width &+ output)
            value[0] = pass.continues ? value[0] + sum : sum
            output &+= 1
          }
          next &+= 1
        }
        group &+= 1
      }
    }
  }

  extension swiftcl_sparse_planes {
    fileprivate func weightSum(_ entry: Int, output: Int) -> Float {
      let x = x + place(of: entry)
      let dy = y + output &* y_plane
      var sums = Lanes.zero
      var line = 0
      while line < lines {
        var pixel = 0
        while pixel < pixels {
          sums = fma16(
            x.lanes(at: line &* x_line &+ pixel &* x_step),
            dy.lanes(at: (line &* pixels &+ pixel) &* 16), sums)
          pixel &+= 1
        }
        line &+= 1
      }
      return folded(sums)
    }
  }
#endif
