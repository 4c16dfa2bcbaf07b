package dev.signalbox.cli.whatif;

import dev.signalbox.schemas.Lane;
import java.time.Duration;

/**
 * One request of a load.
 *
 * @param atNanos after the load's beginning
 * @param lane pool and priority
 * @param inputTokens of its prompt
 * @param outputTokens of its answer
 */
record LoadRequest(long atNanos, Lane lane, String model, String useCase, String tenant, int inputTokens,
        int outputTokens, Duration timeToLive) {
}
