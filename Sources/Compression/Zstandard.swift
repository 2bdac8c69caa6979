// SPDX-License-Identifier: GPL-2.0-or-later

internal import CZstd

/// Zstandard frames (RFC 8878): smaller than LZ4, and slower. Each thread needs a compressor or a
/// decompressor of its own.
package enum Zstandard {
    /// What libzstd calls levels; beyond these the memory it takes is not worth it here.
    package static let levels: ClosedRange<Int> = 1...19
    package static let defaultLevel = 3

    package final class Compressor {
        private let context: OpaquePointer

        /// Nil where memory is short. `level` is one of ``Zstandard/levels``.
        package init?(level: Int) {
            guard let context = ZSTD_createCCtx() else { return nil }
            self.context = context
            let result = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
            precondition(ZSTD_isError(result) == 0, "a level that libzstd has")
        }

        deinit { ZSTD_freeCCtx(context) }

        /// As ``LZ4/compress(_:into:)``. The corresponding C function is `ZSTD_compress2`.
        package func compress(
            _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
        ) -> Int? {
            let room = min(destination.count, source.count - LZ4.granularity)
            guard room > 0 else { return nil }
            // Given less room than the bound, it gives up as soon as the room is full.
            let packed = ZSTD_compress2(
                context, destination.baseAddress, room, source.baseAddress, source.count)
            return ZSTD_isError(packed) == 0 ? packed : nil
        }
    }

    package final class Decompressor {
        private let context: OpaquePointer

        /// Nil where memory is short.
        package init?() {
            guard let context = ZSTD_createDCtx() else { return nil }
            self.context = context
        }

        deinit { ZSTD_freeDCtx(context) }

        /// As ``LZ4/decompress(_:into:)``. The corresponding C function is `ZSTD_decompressDCtx`.
        package func decompress(
            _ frame: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
        ) throws(DecompressionError) {
            let unpacked = ZSTD_decompressDCtx(
                context, destination.baseAddress, destination.count, frame.baseAddress, frame.count)
            if ZSTD_isError(unpacked) != 0 { throw .malformed(expected: destination.count) }
            if unpacked != destination.count {
                throw .size(expected: destination.count, found: unpacked)
            }
        }
    }
}
