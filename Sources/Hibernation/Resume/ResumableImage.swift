// SPDX-License-Identifier: GPL-2.0-or-later

import Placement
import Restore
import Transfer

/// What `resume` needs of an image, whoever wrote it. The calls come in this order.
protocol ResumableImage: Sendable {
    /// Where and what, for the user.
    var description: String { get }

    /// Throws whatever can be known to be wrong before data is read.
    ///
    /// - Parameter retry: the user takes the risk that the image was resumed before.
    func check(retry: Bool) throws

    /// Which frames must hold what.
    func destinations() throws -> DestinationMap

    /// Under which the hand-off runs and the image's kernel is entered.
    func tables() throws -> IdentityMap

    /// Reads all data, checks it, and puts every page in its place.
    ///
    /// - Parameter places: may be known later.
    func load(into places: PagePlaces, _ report: Report) throws

    /// Where to jump. Called when all pages are in their places, and checks what only they tell.
    func target(_ places: PagePlaces) throws -> JumpTarget

    /// Writes to the disk that the image is about to be used.
    func markUsed() throws

    /// Takes the mark back: the image was not used.
    func unmark() throws
}
