import CSwiftCL

/// The open task.
struct OpenTask {
  var phase: Int32 = SWIFTCL_PHASE_NONE
  var record = TaskRecord()
  var classCount = 0
  var start: Int32 = SWIFTCL_START_FRESH
  /// Set while a finished task is trained on: its ticket is replaced at the end.
  var reopens = false
  /// Steps the task already had when it was reopened; schedules count from here.
  var startStep: UInt64 = 0
  var expectedSteps: UInt64 = 0
  /// As it was asked for; 0 leaves it to `competeBudget`.
  var competeSteps: UInt64 = 0
  /// Since it was opened.
  var costs = TrainingCosts()
  /// Base rate of the schedule; `rateIsSet` makes it constant from there on.
  var rate: Float = 0
  var rateIsSet = false
  /// max_classes before this task, which an abort goes back to.
  var classesBefore: UInt32 = 0
  /// The same of the replay memory's bounds, which more classes may raise.
  var replayBytesBefore: UInt64 = 0
  var replayRowsBefore: UInt32 = 0

  var isOpen: Bool { phase != SWIFTCL_PHASE_NONE }

  /// Whether its classes raised the replay memory's bounds.
  func grewReplay(_ now: swiftcl_options) -> Bool {
    isOpen && !reopens && classesBefore != now.max_classes
      && (replayBytesBefore != now.replay_bytes || replayRowsBefore != now.replay_rows)
  }
}

/// Buffers that belong to no layer. All but the open task's classes lie in the
/// shared region: nothing of them outlives a call.
struct Workspace {
  /// Converted input rows.
  var inputs: UnsafeMutablePointer<Float>
  /// Inputs gathered under a window, and their gradients.
  var patches: UnsafeMutablePointer<Float>
  var patchDeltas: UnsafeMutablePointer<Float>
  /// Of masked layers (BufferPlan).
  var planes: UnsafeMutablePointer<Float>
  var planeOutputs: UnsafeMutablePointer<Float>
  var unmasked: UnsafeMutablePointer<Float>
  var unmaskedGradient: UnsafeMutablePointer<Float>
  /// Head row of each row's label.
  var targets: UnsafeMutablePointer<Int32>
  var classes: UnsafeMutablePointer<Int32>
  var columns: UnsafeMutablePointer<Int32>
  var maps: Maps
}

/// One network. Lives at the start of its home block; every pointer leads into
/// the home, the workspace, the directory or a ticket, all of them its own.
struct Network {
  static let sentinel: UInt64 = 0x7377_6966_7463_6C31

  var magic: UInt64
  var error: swiftcl_error
  var call: StaticString
  /// The description, its pointers led to the network's own copies.
  var options: swiftcl_options
  var plan: swiftcl_plan
  var shapes: UnsafeMutablePointer<LayerShape>
  var layerCount: Int
  var working: UnsafeMutablePointer<WorkingLayer>

  /// Where the blocks came from; a network in the caller's memory frees none.
  var memory: Memory
  var ownsBlocks: Bool
  var homeBlock: UnsafeMutableRawPointer
  var homeBytes: Int
  var directory: UnsafeMutableRawPointer
  var directoryBytes: Int
  var workspaceBlock: UnsafeMutableRawPointer
  var workspaceBytes: Int
  var replayBlock: UnsafeMutableRawPointer
  var replayBytes: Int

  /// Most bytes held while a block was replaced by a larger one.
  var peakWhileGrowing: UInt64 = 0

  /// No part of the description nor of a checkpoint: it is the host's, not the network's.
  var threads = Threads()

  var store: TicketStore
  var workspace: Workspace
  /// In the home block; nil for a network without one.
  @Beyond var replay: UnsafeMutablePointer<ReplayMemory>?
  /// The same of the class head.
  @Beyond var classHeadPlace: UnsafeMutablePointer<ClassHead>?
  /// And of the examples that are followed.
  @Beyond var data: UnsafeMutablePointer<FollowedExamples>?
  var task: OpenTask
  var nextTask: swiftcl_task
  var steps: UInt64
  var macs: UInt64
  var denseMacs: UInt64
  /// Of finished tasks.
  var costs = TrainingCosts()
  /// Spent in training steps; no part of a checkpoint, which has no time in it.
  var seconds: Double = 0
  /// Whether the time of each layer is measured; no part of a checkpoint.
  @Beyond var timesLayers = false

  /// Competing layers; the head is behind them.
  var hidden: Int { layerCount - 1 }
  var batch: Int { Int(options.max_batch) }
  var inputCount: Int { Int(options.inputs) }
  var headShape: LayerShape { shapes[hidden] }

  var currentBytes: UInt64 {
    if !ownsBlocks { return plan.total_bytes }
    return UInt64(fixedBytes + store.used)
  }

  var peakBytes: UInt64 {
    if !ownsBlocks { return plan.total_bytes }
    return max(peakWhileGrowing, UInt64(fixedBytes + store.peak))
  }

  /// Empty for a network without one.
  var classHead: ClassHead {
    get { classHeadPlace.map { $0.pointee } ?? ClassHead() }
    nonmutating set { classHeadPlace?.pointee = newValue }
  }

  /// All blocks but the tickets.
  private var fixedBytes: Int {
    homeBytes + directoryBytes + workspaceBytes + replayBytes
      + (classHeadPlace?.pointee.bytes ?? 0)
  }
}

extension Network {
  @inline(never)
  mutating func fail(_ status: swiftcl_status, _ what: StaticString) -> swiftcl_status {
    withUnsafeMutablePointer(to: &error) { ErrorRecord.fail($0, status, call, what) }
  }

  @inline(never)
  mutating func fail(_ status: swiftcl_status, _ what: StaticString, _ number: Int)
    -> swiftcl_status
  {
    withUnsafeMutablePointer(to: &error) { ErrorRecord.fail($0, status, call, what, number) }
  }

  @inline(never)
  mutating func fail(
    _ status: swiftcl_status, _ argument: StaticString, is value: Int, expected: StaticString,
    _ limit: Int? = nil
  ) -> swiftcl_status {
    withUnsafeMutablePointer(to: &error) {
      ErrorRecord.fail($0, status, call, argument, is: value, expected: expected, limit)
    }
  }

  @inline(never)
  mutating func fail(
    _ status: swiftcl_status, _ argument: StaticString, at index: Int, is value: Int,
    expected: StaticString, _ limit: Int? = nil
  ) -> swiftcl_status {
    withUnsafeMutablePointer(to: &error) {
      ErrorRecord.fail($0, status, call, argument, at: index, is: value, expected: expected, limit)
    }
  }

  @inline(never)
  mutating func fail(
    _ status: swiftcl_status, _ argument: StaticString, is value: Float, expected: StaticString
  ) -> swiftcl_status {
    withUnsafeMutablePointer(to: &error) {
      ErrorRecord.fail($0, status, call, argument, is: value, expected: expected)
    }
  }

  /// The ticket of a finished task, or a message that names the task.
  @inline(never)
  mutating func ticket(_ task: swiftcl_task) -> UnsafeMutablePointer<Ticket>? {
    if let finished = store.ticket(of: task) { return finished }
    if task == SWIFTCL_TASK_OPEN {
      _ = fail(
        SWIFTCL_E_STATE,
        self.task.isOpen ? "a finished task is needed, not the open one" : "no task is open")
    } else {
      _ = fail(
        SWIFTCL_E_TASK, "task", is: Int(task), expected: "a finished task; how many there are: ",
        store.count)
    }
    return nil
  }

  /// Whether `task` names the open task, by its number or by SWIFTCL_TASK_OPEN.
  /// A reopened task's number names its finished ticket until the end.
  @inline(never)
  func isOpen(_ task: swiftcl_task) -> Bool {
    self.task.isOpen
      && (task == SWIFTCL_TASK_OPEN || (!self.task.reopens && task == self.task.record.task))
  }
}
