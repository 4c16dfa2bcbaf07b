package dev.signalbox.workers.router;

/**
 * What a pool's calls use of a deployment's limits in this worker, and the most that they may; {@link Long#MAX_VALUE} where
 * there is no limit.
 *
 * @param running calls
 * @param concurrency calls at once
 */
public record LimitsView(int running, long concurrency, Rate requests, Rate inputTokens, Rate outputTokens) {
    /** @param inUse what counts in the last minute, reserved amounts included; 0 where there is no limit */
    public record Rate(long inUse, long perMinute) {
        public boolean isLimited() {
            return perMinute != Long.MAX_VALUE;
        }
    }
}
