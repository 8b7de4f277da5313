import CSwiftCL

extension BuiltinKernels {
  /// One ascending chain an output over its kept inputs.
  static func sparseRowsForward(_ pass: swiftcl_sparse_rows) {
    let weights = pass.weights
    let width = weights.width
    var row = 0
    while row < pass.rows {
      let x = pass.x + row &* pass.x_stride
      let y = pass.y + row &* pass.y_stride
      var output = 0
      while output < width &* weights.groups {
        let group = output / width
        var sum = pass.bias.map { $0[output] } ?? 0
        var entry = Int(weights.starts[group])
        while entry < Int(weights.starts[group &+ 1]) {
          let value = weights.values[entry &* width &+ output % width]
          sum = swiftcl_fma_single(x[Int(weights.inputs[entry])], value, sum)
          entry &+= 1
        }
        y[output] = !pass.relu || sum > 0 ? sum : 0
        output &+= 1
      }
      row &+= 1
    }
  }

  /// One chain an input over the outputs that it is kept for, ascending.
  static func sparseRowsInputGradient(_ pass: swiftcl_sparse_rows) {
    guard let dx = pass.dx else { return }
    let weights = pass.weights
    let width = weights.width
    var row = 0
    while row < pass.rows {
      let dx = dx + row &* pass.x_stride
      let dy = pass.y + row &* pass.y_stride
      var group = 0
      while group < weights.groups {
        var entry = Int(weights.starts[group])
        while entry < Int(weights.starts[group &+ 1]) {
          let input = Int(weights.inputs[entry])
          var output = 0
          while output < width {
            dx[input] = swiftcl_fma_single(
              dy[group &* width &+ output], weights.values[entry &* width &+ output], dx[input])
            output &+= 1
          }
          entry &+= 1
        }
        group &+= 1
      }
      row &+= 1
    }
  }
}
