// SPDX-License-Identifier: GPL-2.0-or-later

import Testing

/// What is done to an image, and words that the refusal must have.
struct Damage: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var words: [String]
    /// Every byte is as it was written; it must not be used all the same.
    var isWhole = false
    var inflict: @Sendable (ImageFile) throws -> Void

    static let all = [
        Damage("magic", says: "there is no header at byte 4096") {
            try $0.flip(ImageFile.header)
        },
        Damage(
            "version", says: "the image has format version 2, and this kresume knows version 1"
        ) {
            try $0.write(2 as UInt32, at: ImageFile.header + 8)
            try $0.signHeader()
        },
        Damage(
            "unknown incompatible feature",
            says: "the image uses features that this kresume does not know (0x4000)"
        ) {
            try $0.write(0x4000 as UInt64, at: ImageFile.header + 16)
            try $0.signHeader()
        },
        Damage("header checksum", says: "the checksum of the header at byte 4096 is 0x") {
            try $0.flip(ImageFile.header + 48)
        },
        Damage("state checksum", says: "the checksum of the state record at byte 8192 is 0x") {
            try $0.flip(ImageFile.state + 32)
        },
        Damage("another image's state", says: "header and state belong to different images") {
            try $0.flip(ImageFile.state + 8)
            try $0.signState()
        },
        Damage("section checksum", says: "the checksum of the runs section at byte") {
            try $0.flip($0.offset(of: .runs) + 8)
        },
        Damage("chunk checksum", says: "the checksum of chunk 0 at byte") {
            // The first byte of the first chunk.
            try $0.flip(Int($0.integer($0.offset(of: .chunks), as: UInt64.self)))
        },
        Damage("run outside memory", says: "which is not RAM") {
            try $0.write(1 << 30 as UInt64, at: $0.offset(of: .runs))
            try $0.sign(.runs)
        },
        Damage("overlapping runs", says: "twice") {
            let runs = try $0.offset(of: .runs)
            try $0.write($0.integer(runs, as: UInt64.self), at: runs + 16)
            try $0.sign(.runs)
        },
        Damage("used", says: "the image has been used: its machine has run since") {
            try $0.write(4 as UInt32, at: ImageFile.state + 24)
            try $0.signState()
        },
        Damage(
            "tried", isWhole: true,
            says: "the image on /dev/vda1 was tried before",
            "kresume resume --retry /dev/vda1", "kresume discard /dev/vda1"
        ) {
            try $0.write(3 as UInt32, at: ImageFile.state + 24)
            try $0.signState()
        },
    ]

    private init(
        _ name: String, isWhole: Bool = false, says words: String...,
        inflict: @escaping @Sendable (ImageFile) throws -> Void
    ) {
        testDescription = name
        self.words = words
        self.isWhole = isWhole
        self.inflict = inflict
    }
}
