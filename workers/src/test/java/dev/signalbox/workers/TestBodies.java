package dev.signalbox.workers;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.config.WorkerSettings;
import dev.signalbox.schemas.claim.ClaimStores;
import java.util.SplittableRandom;

/** For flows whose requests all bring their bodies. */
final class TestBodies {
    static final ClaimedBodies NONE = new ClaimedBodies(ClaimStores.NONE, WorkerSettings.DEFAULT, ClaimSettings.NONE,
            RetryPause.jittered(() -> new SplittableRandom(1)), () -> 0);

    private TestBodies() {
    }
}
