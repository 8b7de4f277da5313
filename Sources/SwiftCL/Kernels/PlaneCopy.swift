import CSwiftCL

extension BuiltinKernels {
  /// Copies rows of samples to planes; see `swiftcl_plane_copy`.
  static func planesFromRows(_ copy: swiftcl_plane_copy) {
    var line = copy.first_line
    while line < copy.end_line {
      let planes = copy.planes + (line &- copy.first_line) &* copy.line_stride
      if line < 0 || line >= copy.height {
        copy.clear(planes, pixels: copy.width &+ 2 &* copy.padding)
      } else {
        copy.clear(planes, pixels: copy.padding)
        let behind = copy.padding &+ copy.width
        copy.clear(planes + behind &* 16, pixels: copy.padding)
        copy.split(copy.rows + line &* copy.width &* copy.pixel_stride, planes + copy.padding &* 16)
      }
      line &+= 1
    }
  }

  /// Copies or adds planes to rows of samples; see `swiftcl_plane_copy`.
  static func rowsFromPlanes(_ copy: swiftcl_plane_copy) {
    var line = max(copy.first_line, 0)
    let end = min(copy.end_line, copy.height)
    while line < end {
      copy.join(
        copy.planes + ((line &- copy.first_line) &* copy.line_stride &+ copy.padding &* 16),
        copy.rows + line &* copy.width &* copy.pixel_stride)
      line &+= 1
    }
  }
}

extension swiftcl_plane_copy {
  /// Clears some pixels of a line in all planes.
  @inline(__always)
  fileprivate func clear(_ line: UnsafeMutablePointer<Float>, pixels: Int) {
    if pixels == 0 { return }
    var channel = 0
    while channel < channels {
      var pixel = 0
      while pixel < pixels {
        line.setLanes(Lanes.zero, at: channel &* plane_stride &+ pixel &* 16)
        pixel &+= 1
      }
      channel &+= 1
    }
  }

  /// One line of sixteen samples: squares of sixteen channels, or of sixteen pixels of planar
  /// images, are transposed; what is left goes number by number.
  fileprivate func split(_ rows: UnsafeMutablePointer<Float>, _ planes: UnsafeMutablePointer<Float>)
  {
    var pixel = 0
    while pixel < width {
      var channel = 0
      let square = square(pixel)
      while channel < channels {
        let from = rows + (pixel &* pixel_stride &+ channel &* channel_stride)
        let to = planes + (channel &* plane_stride &+ pixel &* 16)
        if square > 1 {
          swiftcl_transpose_apart(from, sample_stride, to, 16)
          channel &+= 1
        } else if transposes && channels &- channel >= 16 {
          swiftcl_transpose_apart(from, sample_stride, to, plane_stride)
          channel &+= 16
        } else {
          splitOne(from, to)
          channel &+= 1
        }
      }
      pixel &+= square
    }
  }

  /// How many pixels are copied at once.
  @inline(__always)
  private func square(_ pixel: Int) -> Int {
    #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
      return 1
    #else
      let planar = pixel_stride == 1 && (channel_stride > 1 || channels == 1)
      return planar && samples == 16 && width &- pixel >= 16 ? 16 : 1
    #endif
  }

  /// Whether squares of channels can be transposed.
  @inline(__always)
  private var transposes: Bool {
    #if arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr)
      return false
    #else
      return samples == 16 && channel_stride == 1
    #endif
  }

  private func splitOne(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    var sample = 0
    while sample < 16 {
      to[sample] = sample < samples ? from[sample &* sample_stride] : 0
      sample &+= 1
    }
  }

  /// One line of planes back to the rows of the samples.
  fileprivate func join(_ planes: UnsafeMutablePointer<Float>, _ rows: UnsafeMutablePointer<Float>)
  {
    #if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
      withUnsafePointer(to: JoinedLine(copy: self, planes: planes, rows: rows)) { line in
        swiftcl_lend_scratch(
          { $0.assumingMemoryBound(to: JoinedLine.self).pointee.run($1) }, line)
      }
    #else
      var pixel = 0
      while pixel < width {
        joinOne(planes + pixel &* 16, rows + pixel &* pixel_stride, from: 0)
        pixel &+= 1
      }
    #endif
  }

  /// One pixel's channels from `first` on, number by number.
  fileprivate func joinOne(
    _ planes: UnsafePointer<Float>, _ rows: UnsafeMutablePointer<Float>, from first: Int
  ) {
    var sample = 0
    while sample < samples {
      let row = rows + sample &* sample_stride
      var channel = first
      while channel < channels {
        let value = planes[channel &* plane_stride &+ sample]
        row[channel] = adds ? row[channel] + value : value
        channel &+= 1
      }
      while !adds && channel < Panels.pad(channels) {
        row[channel] = 0
        channel &+= 1
      }
      sample &+= 1
    }
  }
}

#if !(arch(arm) || arch(riscv32) || arch(wasm32) || arch(avr))
  /// A line on its way back, by squares of sixteen channels.
  private struct JoinedLine {
    var copy: swiftcl_plane_copy
    var planes: UnsafeMutablePointer<Float>
    var rows: UnsafeMutablePointer<Float>

    func run(_ scratch: UnsafeMutablePointer<Float>) {
      var pixel = 0
      while pixel < copy.width {
        let from = planes + pixel &* 16
        let to = rows + pixel &* copy.pixel_stride
        var channel = 0
        while copy.channels &- channel >= 16 {
          swiftcl_transpose_apart(
            from + channel &* copy.plane_stride, copy.plane_stride, scratch, 16)
          var sample = 0
          while sample < copy.samples {
            let at = sample &* copy.sample_stride &+ channel
            let lanes = scratch.lanes(at: sample &* 16)
            to.setLanes(copy.adds ? to.lanes(at: at) + lanes : lanes, at: at)
            sample &+= 1
          }
          channel &+= 16
        }
        if channel < copy.channels { copy.joinOne(from, to, from: channel) }
        pixel &+= 1
      }
    }
  }
#endif
