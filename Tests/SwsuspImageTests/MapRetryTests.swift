// SPDX-License-Identifier: GPL-2.0-or-later

import SwapArea
import Testing

@testable import SwsuspImage

/// How often a machine was started again for an image of the kernel's, in the image's header page.
@Suite struct MapRetryTests {
    private func front(_ recipe: Recipe = Recipe(.lzo)) throws -> SwsuspFront {
        try #require(try recipe.write().front())
    }

    private func front(_ front: SwsuspFront, on page: SignaturePage) throws -> SwsuspFront {
        SwsuspFront(
            headerPage: front.headerPage, header: try SwsuspHeader(parsing: page),
            info: front.info, infoPage: front.infoPage, limit: front.limit)
    }

    @Test func theCountComesBack() throws {
        let image = try front()
        #expect(image.mapRetries == 0)
        let page = image.page(withMapRetries: 7)
        let counted = try front(image, on: page)
        #expect(counted.mapRetries == 7)
        // No field of the image's has changed, and when it is used the page is as it was before.
        #expect(counted.header.checksum == image.header.checksum)
        #expect(page.bytes[..<2048] == image.header.page.bytes[..<2048])
        #expect(page.bytes[2080...] == image.header.page.bytes[2080...])
        #expect(counted.header.pageWithoutImage == image.header.pageWithoutImage)
    }

    /// The kernel keeps what is in the page: the next image has it, too.
    @Test func theNextImageStartsAtZero() throws {
        let first = try front()
        let page = first.page(withMapRetries: 7)
        let second = try front(front(Recipe(.lzo, pages: 111)), on: page)
        #expect(second.info.dataPages != first.info.dataPages && second.mapRetries == 0)
    }

    @Test(
        arguments: [
            { $0[2048 + 3] = 1 }, { $0[2079] = 1 }, { $0[1032] = 1 }, { $0[1024] = 2 },
        ] as [@Sendable (inout [UInt8]) -> Void])
    func noPlaceForIt(change: @Sendable (inout [UInt8]) -> Void) throws {
        let image = try front()
        var bytes = image.header.page.bytes
        change(&bytes)
        let page = SignaturePage(bytes)
        let other = try front(image, on: page)
        #expect(other.mapRetries == nil)
        #expect(other.header.pageWithoutImage == page.withSignature(.swap))
    }

    @Test func aDamagedCountIsNone() throws {
        let image = try front()
        for index in [2050, 2060, 2064, 2075] {
            var bytes = image.page(withMapRetries: 7).bytes
            bytes[index] ^= 1
            #expect(try front(image, on: SignaturePage(bytes)).mapRetries == nil)
        }
    }
}
