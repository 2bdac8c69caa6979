// SPDX-License-Identifier: GPL-2.0-or-later

import Architecture
import KresumeImage
import Placement
import Restore
import Sealing
import Transfer

/// What `resume` needs of an image, whoever wrote it. The calls come in this order.
protocol ResumableImage: Sendable {
    /// Where and what, for the user.
    var description: String { get }

    /// Whether it is encrypted, and shown by it to be this machine's.
    var isSealed: Bool { get }

    /// For one that is sealed, at any time: what opens it. Throws where that is not so.
    func unlock(_ key: OpeningKey) throws

    /// There will be no key: whoever waits for it gets this error.
    func giveUp(_ error: any Error)

    /// Whether it may be, by what the firmware remembers.
    func isNewest(_ newest: NewestImage) -> Bool

    /// Throws whatever can be known to be wrong before data is read.
    ///
    /// - Parameter retry: the user takes the risk that the image was resumed before.
    func check(retry: Bool) throws

    /// What its machine had mounted, as far as the image says that.
    var fileSystems: [FileSystemRecord] { get }

    /// Which frames must hold what.
    func destinations() throws -> DestinationMap

    /// Under which the hand-off runs and the image's kernel is entered.
    func tables() throws -> IdentityMap

    /// Reads all data, checks it, and puts every page in its place.
    ///
    /// - Parameter places: may be known later.
    func load(into places: PagePlaces, _ report: Report) throws

    /// What has become of file systems since, as far as only the pages tell; sentences. Called when all
    /// pages are in their places.
    func changes(_ places: PagePlaces) throws -> [String]

    /// Where to jump. Called when all pages are in their places, and checks what only they tell.
    func target(_ places: PagePlaces) throws -> JumpTarget

    /// Where its machine can read it, how it went: the last thing before the jump.
    ///
    /// - Parameters:
    ///   - times: how long what took.
    ///   - said: what the user was told.
    func leaveWord(_ places: PagePlaces, times: String, said: [String]) throws

    /// Writes to the disk that the image is about to be used.
    func markUsed() throws

    /// Takes the mark back: the image was not used.
    func unmark() throws
}

extension ResumableImage {
    var isSealed: Bool { false }
    func isNewest(_ newest: NewestImage) -> Bool { true }
    func unlock(_ key: OpeningKey) throws {}
    func giveUp(_ error: any Error) {}
    func leaveWord(_ places: PagePlaces, times: String, said: [String]) throws {}
}
