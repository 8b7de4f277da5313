import CSwiftCL

/// How a masked layer's inputs and outputs lie in planes, sixteen samples side by side, where a mask
/// costs nothing but what it keeps: an input is a plane and a place in it, so that nothing is
/// gathered under windows. Planes are made for a band of lines at a time, to stay in the second cache.
struct Planes {
  let window: Window
  let channels: Int
  /// Rows are pixels already, or samples: sixteen of them, wherever they are, make a vector.
  let isFlat: Bool
  /// Lines of output pixels of a band, and pixels of a line.
  let lines: Int
  let pixels: Int
  let lineStride: Int
  let planeStride: Int
  /// Floats of an output's plane. Odd numbers of vectors: powers of two would share cache sets.
  var outputStride: Int { (lines &* pixels | 1) &* 16 }

  /// Floats that the planes of a band should not exceed: longer ones measured slower, as two
  /// megabytes of cache have more to hold.
  static let most = 330_000

  /// A band of layer `shape` with so many inputs, for at most so many samples. It does not depend on
  /// how many a call has: sums over bands have one order. Nor on how many blocks a task serves:
  /// there is room for as many lines as all of them would have.
  init(_ shape: LayerShape, inputs: Int, samples: Int) {
    window = shape.window
    isFlat = !shape.gathers
    let padded = Panels.pad(shape.winnerWidth)
    if isFlat {
      channels = inputs
      lines = 1
      let vectors = (BufferPlan.product(samples, shape.pixels) &+ 15) / 16
      pixels = max(1, min(vectors, Planes.most / (16 &* (shape.winnerInputs &+ padded))))
      lineStride = pixels &* 16
      planeStride = (pixels | 1) &* 16
      return
    }
    channels = inputs / shape.taps
    pixels = window.outWidth
    lineStride = (window.width &+ 2 &* window.padding) &* 16
    let outputLine = padded &* pixels &* 16
    let inputLine = shape.winnerInputs / shape.taps &* lineStride
    let fixed = inputLine &* max(0, window.kernelHeight &- window.stride)
    let each = outputLine &+ inputLine &* window.stride
    lines = max(1, min(window.outHeight, (Planes.most &- fixed) / max(1, each)))
    let vectors = ((lines &- 1) &* window.stride &+ window.kernelHeight) &* (lineStride / 16)
    planeStride = (vectors | 1) &* 16
  }

  /// Where each input begins in a band.
  func place(_ inputs: Int, _ offsets: UnsafeMutablePointer<Int32>) {
    var (channel, x, y) = (0, 0, 0)
    for k in 0..<inputs {
      let at = channel &* planeStride &+ y &* lineStride &+ x &* 16
      offsets[k] = Int32(truncatingIfNeeded: at)
      channel &+= 1
      if channel < channels { continue }
      channel = 0
      x &+= 1
      if x < window.kernelWidth { continue }
      x = 0
      y &+= 1
    }
  }

  /// One band of one group of samples: which lines it reads and writes.
  struct Band {
    /// The first sample, or row, and how many of them there are.
    var sample: Int
    var samples: Int
    /// Pixels of a line, which in a flat layer are as many as there are rows for.
    var pixels: Int
    var line: Int
    var lines: Int
    var isFirst: Bool
  }

  /// Calls `body` with one band after the other.
  func each(samples: Int, pixels all: Int, _ body: (Band) -> Void) {
    if isFlat {
      let rows = samples &* all
      var first = 0
      while first < rows {
        let count = min(rows &- first, pixels &* 16)
        body(
          Band(
            sample: first, samples: count, pixels: (count &+ 15) / 16, line: 0, lines: 1,
            isFirst: first == 0))
        first &+= count
      }
      return
    }
    var sample = 0
    while sample < samples {
      var line = 0
      while line < window.outHeight {
        let count = min(lines, window.outHeight &- line)
        body(
          Band(
            sample: sample, samples: min(16, samples &- sample), pixels: pixels, line: line,
            lines: count, isFirst: sample == 0 && line == 0))
        line &+= count
      }
      sample &+= 16
    }
  }

  /// Copies what a band reads from a surface, or adds its gradient to one.
  func input(
    _ surface: Surface, _ band: Band, planes: UnsafeMutablePointer<Float>, adds: Bool
  ) {
    let first = band.line &* window.stride &- window.padding
    var copy = swiftcl_plane_copy(
      rows: UnsafeMutablePointer(mutating: surface.rows), sample_stride: surface.sampleStride,
      pixel_stride: surface.pixelStride, channel_stride: surface.channelStride,
      samples: band.samples, channels: channels, height: window.height, width: window.width,
      planes: planes, plane_stride: planeStride, line_stride: lineStride,
      padding: window.padding, first_line: first,
      end_line: first &+ (band.lines &- 1) &* window.stride &+ window.kernelHeight, adds: adds)
    if !isFlat {
      copy.rows += band.sample &* surface.sampleStride
      if adds { rowsFromPlanes(&copy) } else { planesFromRows(&copy) }
      return
    }
    flat(&copy, band, stride: surface.pixelStride, writes: adds)
  }

  /// Copies what a band writes to rows of `stride` floats, or a gradient from there.
  func output(
    _ rows: UnsafeMutablePointer<Float>, stride: Int, outputs: Int, pixels all: Int, _ band: Band,
    planes: UnsafeMutablePointer<Float>, writes: Bool
  ) {
    var copy = swiftcl_plane_copy(
      rows: rows, sample_stride: all &* stride, pixel_stride: stride, channel_stride: 1,
      samples: band.samples, channels: outputs, height: window.outHeight, width: band.pixels,
      planes: planes, plane_stride: outputStride, line_stride: band.pixels &* 16, padding: 0,
      first_line: band.line, end_line: band.line &+ band.lines, adds: false)
    if !isFlat {
      copy.rows += band.sample &* all &* stride
      if writes { rowsFromPlanes(&copy) } else { planesFromRows(&copy) }
      return
    }
    flat(&copy, band, stride: stride, writes: writes)
  }

  /// Rows in order: whole vectors are pixels of sixteen samples, and the last is what is left.
  private func flat(
    _ copy: inout swiftcl_plane_copy, _ band: Band, stride: Int, writes: Bool
  ) {
    copy.rows += band.sample &* stride
    copy.sample_stride = stride
    copy.pixel_stride = 16 &* stride
    copy.height = 1
    copy.padding = 0
    copy.first_line = 0
    copy.end_line = 1
    let whole = band.samples / 16
    let rest = band.samples % 16
    if whole > 0 {
      copy.width = whole
      copy.samples = 16
      if writes { rowsFromPlanes(&copy) } else { planesFromRows(&copy) }
    }
    if rest > 0 {
      copy.rows += whole &* 16 &* stride
      copy.planes += whole &* 16
      copy.width = 1
      copy.samples = rest
      if writes { rowsFromPlanes(&copy) } else { planesFromRows(&copy) }
    }
  }

  /// A pass of the kernels over a band.
  func pass(
    _ weights: swiftcl_sparse, _ band: Band, offsets: UnsafePointer<Int32>,
    x: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>?, y: UnsafeMutablePointer<Float>,
    bias: UnsafePointer<Float>? = nil, relu: Bool = false, continues: Bool = false
  ) -> swiftcl_sparse_planes {
    swiftcl_sparse_planes(
      weights: weights, offsets: offsets, x: x, dx: dx,
      x_line: window.stride &* lineStride, x_step: isFlat ? 16 : window.stride &* 16, y: y,
      y_plane: outputStride, lines: band.lines, pixels: band.pixels, bias: bias, relu: relu,
      continues: continues)
  }
}
