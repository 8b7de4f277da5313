#if !(SWIFTCL_VARIANT_BASE || SWIFTCL_VARIANT_V3 || SWIFTCL_VARIANT_V4)
  import CSwiftCL

  /// The threads that share a network's products: the caller's and its workers.
  ///
  /// Firmware has no workers. OpenBLAS shares within its products, among threads of its
  /// own that are the same for the whole process.
  struct Threads {
    #if SWIFTCL_FIRMWARE
      var count: UInt32 { 1 }

      func set(_ count: Int32) -> swiftcl_status {
        count == 1 ? SWIFTCL_OK : SWIFTCL_E_UNSUPPORTED
      }

      func end() {}

      func forgetAfterFork() {}
    #elseif SWIFTCL_CBLAS
      var count: UInt32 { UInt32(max(1, openblas_get_num_threads())) }

      func set(_ count: Int32) -> swiftcl_status {
        openblas_set_num_threads(count)
        return SWIFTCL_OK
      }

      /// They are not this network's to end.
      func end() {}

      func forgetAfterFork() {}
    #else
      var workers = swiftcl_workers()

      var count: UInt32 { UInt32(workers.count) + 1 }

      /// Starts or ends workers; on failure there are as many as before.
      mutating func set(_ count: Int32) -> swiftcl_status {
        swiftcl_workers_set(&workers, count - 1) == 0 ? SWIFTCL_OK : SWIFTCL_E_MEMORY
      }

      mutating func end() { _ = set(1) }

      /// The child of a fork has the thread that forked and no other.
      @inline(__always)
      mutating func forgetAfterFork() {
        if workers.first != nil { swiftcl_workers_forget_after_fork(&workers) }
      }
    #endif
  }
#endif
