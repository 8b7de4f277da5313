import CSwiftCL

/// How a ticket's layer differs from a plain dense one on what the layer before gives:
/// sixteen numbers in a section of its own, for every layer that reads an image, whose maps
/// are pooled or normalised, or that reads or adds another layer. Factor and summand of
/// every unit follow where it is normalised.
struct TicketWindow {
  static let count = 16

  var window: Window
  var pool: Transition
  var isPlanar: Bool
  /// 1 + the layer it reads; 0 is the one before.
  var input = 0
  /// 1 + the layer that is added; 0 is none.
  var added = 0
  var normalises = false

  init(_ shape: LayerShape, layer l: Int) {
    window = shape.window
    pool = shape.pool
    isPlanar = shape.isPlanar
    input = l > 0 && shape.input != l - 1 ? shape.input + 1 : 0
    added = shape.added + 1
    normalises = shape.normalises
  }

  /// A layer without a window: rows as they are.
  init() {
    window = Window()
    pool = Transition(kind: 0, window: Window())
    isPlanar = false
  }

  /// Reads numbers that were checked or will be.
  init(_ numbers: UnsafePointer<UInt32>) {
    func number(_ i: Int) -> Int { Int(truncatingIfNeeded: numbers[i]) }
    window = Window(
      height: number(0), width: number(1), kernelHeight: number(2), kernelWidth: number(3),
      stride: number(4), padding: number(5))
    pool = Transition(kind: Int32(truncatingIfNeeded: numbers[6]), window: Window())
    isPlanar = numbers[11] == 1
    input = number(12)
    added = number(13)
    normalises = numbers[14] == 1
    if pool.kind != 0 && isPossible(window) {
      pool.window = Window(
        height: window.outHeight, width: window.outWidth, kernelHeight: number(7),
        kernelWidth: number(8), stride: number(9), padding: number(10))
    }
  }

  var numbers: InlineArray<16, UInt32> {
    var numbers = InlineArray<16, UInt32>(repeating: 0)
    put(window, 0, &numbers)
    numbers[6] = UInt32(pool.kind)
    if pool.kind != 0 {
      numbers[7] = UInt32(pool.window.kernelHeight)
      numbers[8] = UInt32(pool.window.kernelWidth)
      numbers[9] = UInt32(pool.window.stride)
      numbers[10] = UInt32(pool.window.padding)
    }
    numbers[11] = isPlanar ? 1 : 0
    numbers[12] = UInt32(input)
    numbers[13] = UInt32(added)
    numbers[14] = normalises ? 1 : 0
    return numbers
  }

  private func put(_ window: Window, _ first: Int, _ numbers: inout InlineArray<16, UInt32>) {
    numbers[first] = UInt32(window.height)
    numbers[first + 1] = UInt32(window.width)
    numbers[first + 2] = UInt32(window.kernelHeight)
    numbers[first + 3] = UInt32(window.kernelWidth)
    numbers[first + 4] = UInt32(window.stride)
    numbers[first + 5] = UInt32(window.padding)
  }

  var isNeeded: Bool {
    window.taps > 1 || window.pixels > 1 || pool.kind != 0 || input > 0 || added > 0 || normalises
  }
  /// Numbers of the section, those of `padded` units with them.
  func count(padded: Int) -> Int { TicketWindow.count + (normalises ? 2 * padded : 0) }
  var gathers: Bool { window.taps > 1 || window.stride > 1 || window.padding > 0 || isPlanar }

  var surfaceHeight: Int { pool.kind != 0 ? pool.window.outHeight : window.outHeight }
  var surfaceWidth: Int { pool.kind != 0 ? pool.window.outWidth : window.outWidth }
  var surfacePixels: Int { surfaceHeight * surfaceWidth }

  /// Whether numbers of unknown origin make windows that stay where there is something.
  var isPossible: Bool {
    isPossible(window)
      && (pool.kind == 0
        || ((pool.kind == SWIFTCL_LAYER_MAX_POOL || pool.kind == SWIFTCL_LAYER_AVERAGE_POOL)
          && isPossible(pool.window)))
  }

  private func isPossible(_ w: Window) -> Bool {
    let side = LayerCheck.largestSide
    if w.height < 1 || w.height > side || w.width < 1 || w.width > side { return false }
    if w.height > LayerCheck.largestMaps / w.width { return false }
    if w.stride < 1 || w.stride > side || w.padding < 0 || w.padding > LayerCheck.largestKernel
      || w.kernelHeight < 1
      || w.kernelWidth < 1 || w.padding >= min(w.kernelHeight, w.kernelWidth)
    {
      return false
    }
    return w.kernelHeight <= w.height + 2 * w.padding && w.kernelWidth <= w.width + 2 * w.padding
  }
}
