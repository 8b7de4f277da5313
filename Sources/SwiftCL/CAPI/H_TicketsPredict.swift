import CSwiftCL

// MARK: - Predict with tickets

/// Scratch for a number of rows: with it they run in the fewest passes that are of use. Any scratch
/// from that of one row on works for any number of rows, and gives the same bits.
///
/// - Parameter ticket: a ticket.
/// - Parameter rows: at least 1.
/// - Parameter bytes: receives the bytes; never more than swiftcl_ticket_info.fast_scratch_bytes.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for no ticket or for rows. Any thread.
///   Since 0.1.
@c(swiftcl_ticket_scratch)
public func swiftcl_ticket_scratch(
  _ ticket: swiftcl_ticket_const_ref?, _ rows: UInt, _ bytes: UnsafeMutablePointer<UInt>?
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_scratch"
  guard let opened = Boundary.ticket(ticket, call) else { return Boundary.refused }
  guard let bytes else { return failThread(SWIFTCL_E_NULL, call, "bytes is NULL") }
  if rows < 1 {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "rows", is: 0, expected: "at least 1")
  }
  let chunk = min(Int(shown: rows), opened.pointee.fastRows)
  bytes.pointee = UInt(opened.pointee.rowBytes * chunk + opened.pointee.patchBytes)
  return SWIFTCL_OK
}

/// Logits of a ticket's task for some rows: the bits of the network's swiftcl_predict (with
/// OpenBLAS: the same up to rounding). An int8 ticket computes integers, the same on every target
/// and flavour; its logits are those times logit_scale.
///
/// - Parameter ticket: a ticket.
/// - Parameter inputs: rows times inputs elements of the ticket's input_type; f32 aligned to 4; read
///   only.
/// - Parameter rows: at least 1; any number.
/// - Parameter logits: receives rows times class_count logits, in the order of the ticket's classes.
/// - Parameter logit_count: floats `logits` has room for.
/// - Parameter scratch: the calling thread's own, aligned to SWIFTCL_TICKET_ALIGNMENT; its contents do
///   not matter, before or after.
/// - Parameter scratch_bytes: at least swiftcl_ticket_info.row_scratch_bytes; rows run in chunks that
///   fit, and the result does not depend on how many do.
/// - Returns: SWIFTCL_OK; SWIFTCL_E_NULL; SWIFTCL_E_ARGUMENT for no ticket or for rows;
///   SWIFTCL_E_ALIGNMENT; SWIFTCL_E_BUFFER with the floats or bytes that would do;
///   SWIFTCL_E_NONFINITE naming the row. Any thread, also at once with others. Since 0.1.
@c(swiftcl_ticket_predict)
public func swiftcl_ticket_predict(
  _ ticket: swiftcl_ticket_const_ref?, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ logits: UnsafeMutablePointer<Float>?, _ logit_count: UInt,
  _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: UInt
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_predict"
  guard let logits else { return failThread(SWIFTCL_E_NULL, call, "logits is NULL") }
  var only = ticket
  var target: UnsafeMutablePointer<Float>? = logits
  var capacity = logit_count
  return withUnsafePointer(to: &target) {
    Boundary.predict(
      &only, 1, inputs, rows, TicketRun.Outputs(logits: $0), &capacity, scratch, scratch_bytes, call
    )
  }
}

/// The class with the largest logit of each row; the first of equals. NaN is less than every number; the
/// lowest label is named where all are NaN.
///
/// - Parameter ticket: a ticket.
/// - Parameter inputs: as for swiftcl_ticket_predict.
/// - Parameter rows: at least 1.
/// - Parameter labels: receives rows labels.
/// - Parameter label_count: labels `labels` has room for.
/// - Parameter scratch: as for swiftcl_ticket_predict.
/// - Parameter scratch_bytes: as for swiftcl_ticket_predict.
/// - Returns: as swiftcl_ticket_predict. Since 0.1.
@c(swiftcl_ticket_predict_labels)
public func swiftcl_ticket_predict_labels(
  _ ticket: swiftcl_ticket_const_ref?, _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ labels: UnsafeMutablePointer<Int32>?, _ label_count: UInt,
  _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: UInt
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_predict_labels"
  guard let labels else { return failThread(SWIFTCL_E_NULL, call, "labels is NULL") }
  if label_count < rows {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_BUFFER, call, "label_count", is: Int(shown: label_count),
      expected: "rows = ", Int(shown: rows))
  }
  var only = ticket
  return Boundary.predict(
    &only, 1, inputs, rows, TicketRun.Outputs(labels: labels), nil, scratch, scratch_bytes, call)
}

/// Logits of several tickets for the same rows: the inputs are checked and converted once, and every
/// chunk of rows passes all tickets while it is in the cache.
///
/// - Parameter tickets: count tickets of the same input: elements, type, channels, layout, scale and
///   offset.
/// - Parameter count: at least 1.
/// - Parameter inputs: as for swiftcl_ticket_predict.
/// - Parameter rows: at least 1; any number.
/// - Parameter logits: count arrays, none of them NULL; each receives its ticket's logits.
/// - Parameter logit_counts: for each array the floats it has room for.
/// - Parameter scratch: as for swiftcl_ticket_predict.
/// - Parameter scratch_bytes: at least the largest row_scratch_bytes of the tickets.
/// - Returns: as swiftcl_ticket_predict; SWIFTCL_E_ARGUMENT for count, or naming the first ticket whose
///   input is another than that of ticket 0. Since 0.1.
@c(swiftcl_ticket_predict_many)
public func swiftcl_ticket_predict_many(
  _ tickets: UnsafePointer<swiftcl_ticket_const_ref?>?, _ count: UInt,
  _ inputs: UnsafeRawPointer?, _ rows: UInt,
  _ logits: UnsafePointer<UnsafeMutablePointer<Float>?>?, _ logit_counts: UnsafePointer<UInt>?,
  _ scratch: UnsafeMutableRawPointer?, _ scratch_bytes: UInt
) -> swiftcl_status {
  let call: StaticString = "swiftcl_ticket_predict_many"
  guard let tickets else { return failThread(SWIFTCL_E_NULL, call, "tickets is NULL") }
  guard let logits else { return failThread(SWIFTCL_E_NULL, call, "logits is NULL") }
  guard let logit_counts else { return failThread(SWIFTCL_E_NULL, call, "logit_counts is NULL") }
  if count < 1 || count > UInt(Int32.max) {
    return ErrorRecord.fail(
      Boundary.threadError, SWIFTCL_E_ARGUMENT, call, "count", is: Int(shown: count),
      expected: "1 or more")
  }
  return Boundary.predict(
    tickets, Int(count), inputs, rows, TicketRun.Outputs(logits: logits), logit_counts, scratch,
    scratch_bytes, call)
}

extension Boundary {
  /// What the calls that predict share; every failure goes to the thread's record. `capacities` are
  /// those of logits, as floats or integers.
  @inline(never)
  static func predict(
    _ tickets: UnsafePointer<swiftcl_ticket_const_ref?>, _ count: Int, _ inputs: UnsafeRawPointer?,
    _ rows: UInt, _ outputs: TicketRun.Outputs, _ capacities: UnsafePointer<UInt>?,
    _ scratch: UnsafeMutableRawPointer?, _ scratchBytes: UInt, _ call: StaticString,
    largest: UnsafeMutablePointer<Float>? = nil, firstRow: Int = 0
  ) -> swiftcl_status {
    guard let inputs else { return failThread(SWIFTCL_E_NULL, call, "inputs is NULL") }
    guard let scratch else { return failThread(SWIFTCL_E_NULL, call, "scratch is NULL") }
    for t in 0..<count {
      guard let opened = ticket(tickets[t], call) else { return refused }
      guard let capacities else { continue }
      if let logits = outputs.logits, logits[t] == nil {
        return ErrorRecord.fail(
          threadError, SWIFTCL_E_NULL, call, "an array of logits is NULL; its index is ", t)
      }
      let classes = opened.pointee.classCount
      if let needed = Network.logitsMissing(Int(shown: rows), classes, capacities[t]) {
        if count == 1 {
          return ErrorRecord.fail(
            threadError, SWIFTCL_E_BUFFER, call, "logit_count", is: Int(shown: capacities[t]),
            expected: "rows times classes = ", needed)
        }
        return ErrorRecord.fail(
          threadError, SWIFTCL_E_BUFFER, call, "logit_counts", at: t, is: Int(shown: capacities[t]),
          expected: "rows times classes = ", needed)
      }
    }
    let run = TicketRun(
      call: call, tickets: tickets, count: count, inputs: inputs, rows: Int(shown: rows),
      scratch: scratch, scratchBytes: Int(shown: scratchBytes), firstRow: firstRow,
      largest: largest)
    return run.run(outputs, threadError)
  }
}
