// SPDX-License-Identifier: GPL-2.0-or-later

internal import CZstd

/// Zstandard frames (RFC 8878): smaller than LZ4, and slower. Each thread needs a compressor or a
/// decompressor of its own.
package enum Zstandard {
    /// What libzstd calls levels; beyond these the memory it takes is not worth it here.
    package static let levels: ClosedRange<Int> = 1...19
    package static let defaultLevel = 3

    /// What a compressor takes for blocks of at most `size` bytes, in bytes.
    ///
    /// The corresponding C functions are `ZSTD_getCParams` and `ZSTD_estimateCCtxSize_usingCParams`.
    package static func compressorSize(level: Int, forBlocksOf size: Int) -> UInt64 {
        UInt64(
            ZSTD_estimateCCtxSize_usingCParams(ZSTD_getCParams(Int32(level), UInt64(size), 0)))
    }

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

        /// What it takes now, in bytes. The corresponding C function is `ZSTD_sizeof_CCtx`.
        package var memorySize: UInt64 { UInt64(ZSTD_sizeof_CCtx(context)) }

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

        /// Unpacks frames that do not say how large they are, piece by piece into `piece`, until `body`
        /// returns false. The corresponding C function is `ZSTD_decompressStream`.
        package func decompress(
            _ frames: UnsafeRawBufferPointer, through piece: UnsafeMutableRawBufferPointer,
            _ body: (UnsafeRawBufferPointer) -> Bool
        ) throws(DecompressionError) {
            var input = ZSTD_inBuffer(src: frames.baseAddress, size: frames.count, pos: 0)
            while true {
                var output = ZSTD_outBuffer(dst: piece.baseAddress, size: piece.count, pos: 0)
                let result = ZSTD_decompressStream(context, &output, &input)
                if ZSTD_isError(result) != 0 { throw .malformed(expected: piece.count) }
                let isWanted = body(UnsafeRawBufferPointer(rebasing: piece[..<output.pos]))
                if !isWanted { return }
                // Nothing is held back for want of room.
                guard input.pos == input.size, output.pos < output.size else { continue }
                // It is not at the end of a frame.
                if result != 0 { throw .malformed(expected: piece.count) }
                return
            }
        }
    }
}
