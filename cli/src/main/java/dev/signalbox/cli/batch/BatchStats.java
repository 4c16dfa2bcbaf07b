package dev.signalbox.cli.batch;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.TokenUsage;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** What a run has come to so far. Thread-safe; bounded by the number of deployments. */
final class BatchStats {
    private static final long HOUR_MILLIS = 3_600_000;

    /**
     * A moment's view.
     *
     * @param total lines that this run has to bring to an end
     * @param failedOver answered requests that took more than one attempt
     * @param unpriced replies whose cost is not known; they are not in {@code cost}
     * @param perSecond ends per second over the last seconds
     */
    record Snapshot(int total, int ok, int failed, int failedOver, long inputTokens, long outputTokens, BigDecimal cost,
            int unpriced, double perSecond, long elapsedMillis, long firstTokenP50Millis, long firstTokenP99Millis,
            boolean hasFirstTokens, Map<String, Integer> byDeployment, Map<String, Integer> failuresByCode) {

        int done() {
            return ok + failed;
        }

        Snapshot {
            byDeployment = java.util.Collections.unmodifiableMap(new TreeMap<>(byDeployment));
            failuresByCode = java.util.Collections.unmodifiableMap(new TreeMap<>(failuresByCode));
        }
    }

    private final int total;
    private final long startedMillis;
    private final RecentRate rate;
    private final Histogram firstToken = new Histogram(1, HOUR_MILLIS, 3);
    private final Map<String, Integer> byDeployment = new TreeMap<>();
    private final Map<String, Integer> failuresByCode = new TreeMap<>();
    private int ok;
    private int failed;
    private int failedOver;
    private long inputTokens;
    private long outputTokens;
    private BigDecimal cost = BigDecimal.ZERO;
    private int unpriced;

    /** @param nowMillis monotonic, as in all methods here */
    BatchStats(int total, long nowMillis) {
        this.total = total;
        this.startedMillis = nowMillis;
        this.rate = new RecentRate(nowMillis);
    }

    synchronized void ended(LlmReply reply, long nowMillis) {
        rate.count(nowMillis);
        TokenUsage usage = reply.getUsage();
        if (usage != null) {
            inputTokens += usage.getInputTokens() == null ? 0 : usage.getInputTokens();
            outputTokens += usage.getOutputTokens() == null ? 0 : usage.getOutputTokens();
        }
        if (reply.getCost() != null) {
            cost = cost.add(reply.getCost());
        } else if (!reply.getAttempts().isEmpty()) {
            unpriced++;
        }
        if (reply.getStatus() != ReplyStatus.COMPLETED) {
            failed++;
            failuresByCode.merge(codeOf(reply), 1, Integer::sum);
            return;
        }
        ok++;
        if (reply.getAttempts().size() > 1) {
            failedOver++;
        }
        if (reply.getServedBy() != null) {
            byDeployment.merge(reply.getServedBy().getDeployment(), 1, Integer::sum);
        }
        Long first = reply.getTimings().getTimeToFirstTokenMillis();
        if (first != null) {
            firstToken.recordValue(Math.clamp(first, 1, HOUR_MILLIS));
        }
    }

    /** A request that got no reply at all. */
    synchronized void failed(String code, long nowMillis) {
        rate.count(nowMillis);
        failed++;
        failuresByCode.merge(code, 1, Integer::sum);
    }

    static String codeOf(LlmReply reply) {
        return reply.getError() != null ? reply.getError().getCode() : reply.getStatus().name();
    }

    synchronized BigDecimal cost() {
        return cost;
    }

    synchronized Snapshot snapshot(long nowMillis) {
        return new Snapshot(total, ok, failed, failedOver, inputTokens, outputTokens, cost, unpriced,
                rate.perSecond(nowMillis), nowMillis - startedMillis, firstToken.getValueAtPercentile(50),
                firstToken.getValueAtPercentile(99), firstToken.getTotalCount() > 0, byDeployment, failuresByCode);
    }
}
