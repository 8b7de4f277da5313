import CSwiftCL

extension BuiltinKernels {
  /// Copies rows of samples to planes; see `swiftcl_plane_copy`.
  static func planesFromRows(_ copy: swiftcl_plane_copy) {
    var channel = 0
    while channel < copy.channels {
      var line = copy.first_line
      while line < copy.end_line {
        let start = channel &* copy.plane_stride &+ (line &- copy.first_line) &* copy.line_stride
        let inside = line >= 0 && line < copy.height
        var pixel = 0
        while pixel < copy.width &+ 2 &* copy.padding {
          let at = pixel &- copy.padding
          var lanes = Lanes.zero
          if inside && at >= 0 && at < copy.width {
            let from =
              (line &* copy.width &+ at) &* copy.pixel_stride &+ channel &* copy.channel_stride
            var sample = 0
            while sample < copy.samples {
              lanes[sample] = copy.rows[sample &* copy.sample_stride &+ from]
              sample &+= 1
            }
          }
          copy.planes.setLanes(lanes, at: start &+ pixel &* 16)
          pixel &+= 1
        }
        line &+= 1
      }
      channel &+= 1
    }
  }

  /// Copies or adds planes to rows of samples; see `swiftcl_plane_copy`.
  static func rowsFromPlanes(_ copy: swiftcl_plane_copy) {
    var line = max(copy.first_line, 0)
    while line < min(copy.end_line, copy.height) {
      var pixel = 0
      while pixel < copy.width {
        let from = (line &- copy.first_line) &* copy.line_stride &+ (copy.padding &+ pixel) &* 16
        var sample = 0
        while sample < copy.samples {
          let row =
            copy.rows
            + (sample &* copy.sample_stride &+ (line &* copy.width &+ pixel) &* copy.pixel_stride)
          var channel = 0
          while channel < copy.channels {
            let value = copy.planes[channel &* copy.plane_stride &+ from &+ sample]
            row[channel] = copy.adds ? row[channel] + value : value
            channel &+= 1
          }
          while !copy.adds && channel < Panels.pad(copy.channels) {
            row[channel] = 0
            channel &+= 1
          }
          sample &+= 1
        }
        pixel &+= 1
      }
      line &+= 1
    }
  }
}
