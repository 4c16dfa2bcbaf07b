package dev.signalbox.cli.batch;

import java.util.Map;

/**
 * What a run must remember beside its output, so that it can go on after a kill.
 *
 * @param id goes into all request ids and the {@code signalbox-batch} header
 * @param input what the lines came from: a path, or {@code stdin:<hash>}
 * @param output absolute path of the result file
 * @param cluster id of the Kafka cluster that holds its requests
 * @param startedAt ISO 8601, UTC
 * @param retryFailed whether it retries earlier failures; holds until it ends
 * @param ended whether every line has a result or a failure
 * @param requestOffsets end offset of each request partition before the first send, by {@code topic-partition}
 * @param replyOffsets end offset of each reply partition before the first send, by {@code topic-partition}
 */
record RunState(String id, String input, String output, String cluster, String startedAt, boolean retryFailed,
        boolean ended, Map<String, Long> requestOffsets, Map<String, Long> replyOffsets) {

    RunState withRetryFailed(boolean retry) {
        return new RunState(id, input, output, cluster, startedAt, retry, ended, requestOffsets, replyOffsets);
    }

    RunState withEnded(boolean nowEnded) {
        return new RunState(id, input, output, cluster, startedAt, !nowEnded && retryFailed, nowEnded, requestOffsets,
                replyOffsets);
    }
}
