// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

@testable import LinuxPlatform

@Suite struct KernelSymbolsTests {
    private static let text = """
        ffffffff81000000 T _text
        ffffffff82a0b1c8 D init_on_free
        0000000000000000 D hidden
        ffffffff82a0b1d0 D init_on_free_not
        ffffffffc0200000 d init_on_alloc\t[module]
        xfffffff82a0b1d0 D broken
        short
        ffffffff82c3a310 B last

        """
    private static let names = [
        "init_on_free", "hidden", "init_on_alloc", "broken", "last", "text", "absent",
    ]

    /// Wherever a read may end.
    @Test(arguments: [1, 2, 7, 24, 25, 4096]) func inPieces(size: Int) {
        var search = KernelSymbols.Search(Self.names)
        let bytes = Array(Self.text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            search.take(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(
            search.found == [
                "init_on_free": 0xffff_ffff_82a0_b1c8, "last": 0xffff_ffff_82c3_a310,
            ])
        #expect(search.isIncomplete)
    }
}
