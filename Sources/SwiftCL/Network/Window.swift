import CSwiftCL

/// A window that moves over an image: what a convolution or a pooling reads, and the
/// image that comes of it. Images are rows of pixels, a pixel all its maps side by side.
struct Window {
  // Shapes are copied often, and sides are small.
  private var sides: (Int32, Int32)
  private var kernel: (Int32, Int32)
  private var step: Int32
  private var edge: Int32

  init(
    height: Int = 1, width: Int = 1, kernelHeight: Int = 1, kernelWidth: Int = 1, stride: Int = 1,
    padding: Int = 0
  ) {
    sides = (Int32(truncatingIfNeeded: height), Int32(truncatingIfNeeded: width))
    kernel = (Int32(truncatingIfNeeded: kernelHeight), Int32(truncatingIfNeeded: kernelWidth))
    step = Int32(truncatingIfNeeded: stride)
    edge = Int32(truncatingIfNeeded: padding)
  }

  var height: Int { Int(sides.0) }
  var width: Int { Int(sides.1) }
  var kernelHeight: Int { Int(kernel.0) }
  var kernelWidth: Int { Int(kernel.1) }
  var stride: Int { Int(step) }
  var padding: Int { Int(edge) }

  var outHeight: Int { (height &+ 2 &* padding &- kernelHeight) / stride &+ 1 }
  var outWidth: Int { (width &+ 2 &* padding &- kernelWidth) / stride &+ 1 }
  /// Pixels before and after.
  var pixels: Int { height &* width }
  var outPixels: Int { outHeight &* outWidth }
  /// Pixels under the window.
  var taps: Int { kernelHeight &* kernelWidth }

  /// The whole image at once: how a dense layer looks at maps.
  static func whole(height: Int, width: Int) -> Window {
    Window(height: height, width: width, kernelHeight: height, kernelWidth: width)
  }
}

/// A layer without parameters between two that have some.
struct Transition {
  var kind: Int32
  var window: Window
}
