import CSwiftCL

// MARK: - Tickets with eight-bit weights
// An open float ticket and some rows give an int8 ticket: a quarter of the bytes, predicted with
// integers alone, the same bits on every target and flavour. Weights have a scale for each output
// unit; inputs and what layers give are integers of 16 bits, their scales found on the rows. It is
// opened, asked and run by the calls of all tickets. docs/file-formats.md has the arithmetic.

/// Fills quantise options with the defaults: as many bits as sums of 32 bits leave room for.
///
/// - Parameter options: written, as far as `bytes` says.
/// - Parameter bytes: sizeof(swiftcl_quantize_options) in the caller's header; the macro without `_sized`
///   gives it.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_STRUCT for `bytes`. Any thread. Since 0.1.
@c(swiftcl_quantize_options_init_sized)
public func swiftcl_quantize_options_init_sized(
  _ options: UnsafeMutablePointer<swiftcl_quantize_options>?, _ bytes: UInt
) -> swiftcl_status {
  Boundary.initialize(
    options, bytes, Boundary.quantizeDefaults, "swiftcl_quantize_options_init_sized")
}

/// Bytes that a float ticket takes as an int8 ticket, whatever rows it is calibrated on.
///
/// - Parameter ticket: a float ticket.
/// - Parameter bytes: receives the number.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for no ticket, or for an int8 ticket. Any
///   thread. Since 0.1.
@c(swiftcl_ticket_quantized_bytes)
public func swiftcl_ticket_quantized_bytes(
  _ ticket: swiftcl_ticket_const_ref?, _ bytes: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_quantized_bytes"
  guard let opened = Boundary.floatTicket(ticket, call) else { return Boundary.refused }
  guard let bytes else { return failThread(SWIFTCL_E_NULL, call, "bytes is NULL") }
  bytes.pointee = UInt(Int8Writer(ticket: opened.pointee).bytes)
  return SWIFTCL_OK
}

/// Writes a float ticket anew, with eight-bit weights. Dense layers, convolutions, poolings,
/// normalisations (folded into the weights), added layers and competition per row are all carried over.
/// The same ticket and rows give the same bytes on every target (with OpenBLAS: scales up to
/// rounding). No labels are needed; swiftcl_ticket_compare tells the accuracy that is lost.
///
/// - Parameter ticket: a float ticket; only read.
/// - Parameter options: NULL is the defaults.
/// - Parameter inputs: rows as swiftcl_ticket_predict takes them, like those that will be predicted: they
///   set the scales. What goes beyond twice their largest values (with ranges below 4096 integers: beyond
///   those) is cut off. A few hundred do.
/// - Parameter rows: at least 1.
/// - Parameter buffer: receives the int8 ticket; any alignment, though swiftcl_ticket_open wants
///   SWIFTCL_TICKET_ALIGNMENT. Not the memory of `ticket`.
/// - Parameter capacity: bytes `buffer` has room for; swiftcl_ticket_quantized_bytes tells.
/// - Parameter written: receives the bytes of the int8 ticket; may be NULL.
/// - Parameter scratch: as for swiftcl_ticket_predict with `ticket`.
/// - Parameter scratch_bytes: as for swiftcl_ticket_predict with `ticket`.
/// - Returns: as swiftcl_ticket_predict; SWIFTCL_E_STRUCT; SWIFTCL_E_ARGUMENT also for an int8 ticket or
///   for options; SWIFTCL_E_BUFFER with the bytes that would do; SWIFTCL_E_NONFINITE also where a layer
///   gives what is not finite; SWIFTCL_E_UNSUPPORTED for competition or pooling in the last layer, which
///   tickets of this library do not have. Any thread. Since 0.1.
@c(swiftcl_ticket_quantize)
public func swiftcl_ticket_quantize(
  _ ticket: swiftcl_ticket_const_ref?, _ options: UnsafePointer<swiftcl_quantize_options>?,
  _ inputs: UnsafeRawPointer?, _ rows: UInt, _ buffer: UnsafeMutableRawPointer?, _ capacity: UInt,
  _ written: UnsafeMutablePointer<UInt>?, _ scratch: UnsafeMutableRawPointer?,
  _ scratch_bytes: UInt
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_quantize"
  if !Features.int8 { return failThread(SWIFTCL_E_UNSUPPORTED, call, Features.refusal) }
  guard let opened = Boundary.floatTicket(ticket, call) else { return Boundary.refused }
  guard let buffer else { return failThread(SWIFTCL_E_NULL, call, "buffer is NULL") }
  var given = Boundary.quantizeDefaults
  if let options {
    guard let read = Boundary.read(options, "options", call, Boundary.threadError) else {
      return SWIFTCL_E_STRUCT
    }
    given = read
  }
  if given.activation_bits < 4 || given.activation_bits > 16 {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "options.activation_bits",
      is: Int(shown: UInt64(given.activation_bits)), expected: "4 to 16")
  }
  if !opened.pointee.lastLayerIsPlain {
    return failThread(
      SWIFTCL_E_UNSUPPORTED, call,
      "int8 tickets have no competition and no pooling in the last layer")
  }
  let writer = Int8Writer(ticket: opened.pointee)
  let needed = writer.bytes
  if Int(shown: capacity) < needed {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_BUFFER, call, "capacity", is: Int(shown: capacity),
      expected: "at least ", needed)
  }
  var largest = InlineArray<33, Float>(repeating: 0)
  return withUnsafeMutableBytes(of: &largest) { raw in
    let seen = raw.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
    var only = ticket
    let status = Boundary.predict(
      &only, 1, inputs, rows, TicketRun.Outputs(), nil, scratch, scratch_bytes, call, largest: seen)
    if status != SWIFTCL_OK { return status }
    for s in 0...opened.pointee.layerCount where !seen[s].isFinite {
      return failThread(SWIFTCL_E_NONFINITE, call, "a layer gives what is not finite")
    }
    let plan = Int8Plan(opened.pointee, calibrated: seen, bits: Int(given.activation_bits))
    writer.write(plan, to: buffer)
    written?.pointee = UInt(needed)
    return SWIFTCL_OK
  }
}

/// Logits of an int8 ticket as the integers that they are: times swiftcl_ticket_info.logit_scale they
/// are those of swiftcl_ticket_predict. With integer inputs no float is computed with on the way.
///
/// - Parameter ticket: an int8 ticket.
/// - Parameter inputs: as for swiftcl_ticket_predict.
/// - Parameter rows: at least 1; any number.
/// - Parameter logits: receives rows times class_count integers, at most 2^24 - 1 from 0.
/// - Parameter logit_count: integers `logits` has room for.
/// - Parameter scratch: as for swiftcl_ticket_predict.
/// - Parameter scratch_bytes: as for swiftcl_ticket_predict.
/// - Returns: as swiftcl_ticket_predict; SWIFTCL_E_ARGUMENT also for a float ticket. Since 0.1.
@c(swiftcl_ticket_predict_integers)
public func swiftcl_ticket_predict_integers(
  _ ticket: swiftcl_ticket_const_ref?, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ logits: UnsafeMutablePointer<Int32>?, _ logit_count: UInt,
  _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: UInt
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_predict_integers"
  guard let opened = Boundary.ticket(ticket, call) else { return Boundary.refused }
  guard let logits else { return failThread(SWIFTCL_E_NULL, call, "logits is NULL") }
  if !opened.pointee.isInt8 {
    return failThread(SWIFTCL_E_ARGUMENT, call, "ticket has float weights, expected int8")
  }
  var only = ticket
  var capacity = logit_count
  return Boundary.predict(
    &only, 1, inputs, rows, TicketRun.Outputs(integers: logits), &capacity, scratch, scratch_bytes,
    call)
}

/// Accuracy of two tickets on the same labelled rows, and what the second loses: a float ticket and
/// the int8 ticket made of it.
///
/// - Parameter reference: a ticket.
/// - Parameter ticket: another of the same input.
/// - Parameter inputs: as for swiftcl_ticket_predict.
/// - Parameter labels: rows labels.
/// - Parameter rows: at least 1.
/// - Parameter scratch: as for swiftcl_ticket_predict.
/// - Parameter scratch_bytes: at least the larger row_scratch_bytes of the two; rows run one by one.
/// - Parameter comparison: struct_size set by the caller; written on success.
/// - Returns: as swiftcl_ticket_predict; SWIFTCL_E_STRUCT; SWIFTCL_E_ARGUMENT also where the inputs
///   differ. Any thread. Since 0.1.
@c(swiftcl_ticket_compare)
public func swiftcl_ticket_compare(
  _ reference: swiftcl_ticket_const_ref?, _ ticket: swiftcl_ticket_const_ref?,
  _ inputs: UnsafeRawPointer?, _ labels: UnsafePointer<Int32>?, _ rows: UInt,
  _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: UInt,
  _ comparison: UnsafeMutablePointer<swiftcl_comparison>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_compare"
  guard let first = Boundary.ticket(reference, call) else { return Boundary.refused }
  guard let second = Boundary.ticket(ticket, call) else { return Boundary.refused }
  guard let inputs else { return failThread(SWIFTCL_E_NULL, call, "inputs is NULL") }
  guard let labels else { return failThread(SWIFTCL_E_NULL, call, "labels is NULL") }
  guard let comparison else { return failThread(SWIFTCL_E_NULL, call, "comparison is NULL") }
  guard
    Boundary.accepts(
      comparison, MemoryLayout<swiftcl_comparison>.size, "comparison", call, Boundary.threadError)
  else { return SWIFTCL_E_STRUCT }
  let input = first.pointee.input
  if !input.isSame(second.pointee.input) {
    return failThread(SWIFTCL_E_ARGUMENT, call, "the tickets do not describe the same input")
  }
  if rows < 1 || Int(shown: rows) > input.mostRows {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "rows", is: Int(shown: rows),
      expected: "at least 1, and no more than memory can hold")
  }
  var hits = (0, 0, 0)
  for row in 0..<Int(rows) {
    var named: (Int32, Int32) = (0, 0)
    for which in 0..<2 {
      var only = which == 0 ? reference : ticket
      var label: Int32 = 0
      let status = withUnsafeMutablePointer(to: &label) {
        Boundary.predict(
          &only, 1, inputs + row * input.rowBytes, 1, TicketRun.Outputs(labels: $0), nil, scratch,
          scratch_bytes, call, firstRow: row)
      }
      if status != SWIFTCL_OK { return status }
      if which == 0 { named.0 = label } else { named.1 = label }
    }
    if named.0 == labels[row] { hits.0 += 1 }
    if named.1 == labels[row] { hits.1 += 1 }
    if named.0 == named.1 { hits.2 += 1 }
  }
  var result = swiftcl_comparison()
  let percent = 100 / Double(rows)
  result.rows = UInt64(rows)
  result.reference_accuracy = Double(hits.0) * percent
  result.accuracy = Double(hits.1) * percent
  result.lost = Double(hits.0 - hits.1) * percent
  result.agreement = Double(hits.2) * percent
  Boundary.write(result, to: comparison)
  return SWIFTCL_OK
}

extension Boundary {
  fileprivate static var quantizeDefaults: swiftcl_quantize_options {
    var options = swiftcl_quantize_options()
    options.struct_size = UInt32(MemoryLayout<swiftcl_quantize_options>.size)
    options.activation_bits = 16
    return options
  }

  fileprivate static func floatTicket(_ handle: swiftcl_ticket_const_ref?, _ call: StaticString)
    -> UnsafePointer<OpenTicket>?
  {
    guard let opened = ticket(handle, call) else { return nil }
    if !opened.pointee.isInt8 { return opened }
    _ = failThread(SWIFTCL_E_ARGUMENT, call, "ticket has int8 weights already, expected float")
    return nil
  }
}
