// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import PhysicalMemory

/// Why the pages of an image cannot be brought to their places.
package enum PlacementError: ExplainedError, Hashable {
    /// The image wants frames that are not RAM in this machine.
    case outsideRAM(FrameRange)
    /// The image wants two contents in one frame.
    case twice(PageFrame)
    /// The pinned memory falls short by this many pages.
    case tooFewPages(missing: UInt64)
    /// No run of this many free frames (below `limit`) for the hand-off.
    case noRoomForHandoff(pages: UInt64, limit: PageFrame)

    package var explanation: String {
        switch self {
        case .outsideRAM(let frames): "the image wants to fill \(frames), which is not RAM here"
        case .twice(let frame): "the image wants to fill \(frame.address) twice"
        case .tooFewPages(let missing):
            "not enough memory: \(mebibytes(missing * UInt64(PageFrame.size))) more needed"
        case .noRoomForHandoff(let pages, let limit):
            "there is no room for the hand-off: it needs \(pages) free pages in a row below "
                + "\(limit.address); trying again may help"
        }
    }
}
