import CSwiftCL

extension BuiltinKernels {
  /// One ascending chain an output over its kept inputs.
  static func sparsePlanesForward(_ pass: swiftcl_sparse_planes) {
    let weights = pass.weights
    let width = weights.width
    var output = 0
    while output < width &* weights.groups {
      let group = output / width
      var line = 0
      while line < pass.lines {
        var pixel = 0
        while pixel < pass.pixels {
          let x = pass.x + (line &* pass.x_line &+ pixel &* pass.x_step)
          var sum = Lanes(repeating: pass.bias.map { $0[output] } ?? 0)
          var entry = Int(weights.starts[group])
          while entry < Int(weights.starts[group &+ 1]) {
            let value = Lanes(repeating: weights.values[entry &* width &+ output % width])
            sum = fma16(value, x.lanes(at: Int(pass.offsets[Int(weights.inputs[entry])])), sum)
            entry &+= 1
          }
          if pass.relu { sum = sum.rectified }
          pass.y.setLanes(
            sum, at: output &* pass.y_plane &+ (line &* pass.pixels &+ pixel) &* 16)
          pixel &+= 1
        }
        line &+= 1
      }
      output &+= 1
    }
  }

  /// Scatters what each group's outputs send back, tile by tile.
  static func sparsePlanesInputGradient(_ pass: swiftcl_sparse_planes) {
    guard let dx = pass.dx else { return }
    let weights = pass.weights
    let width = weights.width
    var group = 0
    while group < weights.groups {
      let dy = pass.y + group &* width &* pass.y_plane
      var line = 0
      while line < pass.lines {
        var pixel = 0
        while pixel < pass.pixels {
          let share = evenShare(of: pass.pixels &- pixel, atMost: 3)
          var entry = Int(weights.starts[group])
          while entry < Int(weights.starts[group &+ 1]) {
            var next = pixel
            while next < pixel &+ share {
              let at =
                line &* pass.x_line &+ next &* pass.x_step
                &+ Int(pass.offsets[Int(weights.inputs[entry])])
              var sum = dx.lanes(at: at)
              var output = 0
              while output < width {
                sum = fma16(
                  Lanes(repeating: weights.values[entry &* width &+ output]),
                  dy.lanes(at: output &* pass.y_plane &+ (line &* pass.pixels &+ next) &* 16), sum)
                output &+= 1
              }
              dx.setLanes(sum, at: at)
              next &+= 1
            }
            entry &+= 1
          }
          pixel &+= share
        }
        line &+= 1
      }
      group &+= 1
    }
  }

  /// One chain a weight and lane over lines and pixels.
  static func sparsePlanesWeightGradient(_ pass: swiftcl_sparse_planes) {
    let weights = pass.weights
    let width = weights.width
    let bounds = weights.active_starts ?? weights.starts
    var group = 0
    while group < weights.groups {
      var next = Int(bounds[group])
      while next < Int(bounds[group &+ 1]) {
        let entry = weights.active.map { Int($0[next]) } ?? next
        let x = pass.x + Int(pass.offsets[Int(weights.inputs[entry])])
        var output = 0
        while output < width {
          let dy = pass.y + (group &* width &+ output) &* pass.y_plane
          var sums = Lanes.zero
          var line = 0
          while line < pass.lines {
            var pixel = 0
            while pixel < pass.pixels {
              sums = fma16(
                x.lanes(at: line &* pass.x_line &+ pixel &* pass.x_step),
                dy.lanes(at: (line &* pass.pixels &+ pixel) &* 16), sums)
              pixel &+= 1
            }
            line &+= 1
          }
          let value = weights.values + (entry &* width &+ output)
          value[0] = pass.continues ? value[0] + folded(sums) : folded(sums)
          output &+= 1
        }
        next &+= 1
      }
      group &+= 1
    }
  }
}
