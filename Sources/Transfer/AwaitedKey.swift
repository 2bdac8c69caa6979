// SPDX-License-Identifier: GPL-2.0-or-later

import Explanation
import KresumeImage
import Threads

/// The key of a sealed image, which may become known while its data is being read: somebody types a
/// passphrase.
package final class AwaitedKey: Sendable {
    private enum State {
        case awaited
        case known(ImageOpener)
        case failed(any Error)
        /// Nobody needs it any more.
        case forgotten
    }

    private let state = Monitor(State.awaited)

    package init() {}

    package init(_ opener: ImageOpener) { set(.success(opener)) }

    package func set(_ result: Result<ImageOpener, any Error>) {
        state.change { state in
            switch result {
            case .success(let opener): state = .known(opener)
            case .failure(let error): state = .failed(error)
            }
        }
    }

    /// Wipes it, once nobody uses it any more.
    package func forget() { state.change { $0 = .forgotten } }

    /// Nil as long as it is not known. Throws where it never will be.
    package func now() throws -> ImageOpener? {
        try state.wait { state throws -> ImageOpener?? in try Self.opener(state) }
    }

    /// Waits until it is known.
    package func value() throws -> ImageOpener {
        try state.wait { state throws in try Self.opener(state) }
    }

    private static func opener(_ state: State) throws -> ImageOpener? {
        switch state {
        case .awaited: nil
        case .known(let opener): opener
        case .failed(let error): throw error
        case .forgotten: throw Cancelled()
        }
    }
}
