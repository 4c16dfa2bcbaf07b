package dev.signalbox.schemas;

import java.util.Optional;

/** The requests of one (pool, priority): a set of topics and one consumer group. */
public record Lane(PoolName pool, Priority priority) {
    /** Topics of a lane, each with as many partitions: requests, overflow and retry. */
    public static final int TOPICS = 3;

    /** {@code llm.requests.<pool>.<priority>}. */
    public String requestTopic() {
        return Topics.REQUESTS_PREFIX + this;
    }

    /** Where a noisy tenant's requests are diverted: {@code llm.requests.<pool>.<priority>.overflow}. */
    public String overflowTopic() {
        return requestTopic() + Topics.OVERFLOW_SUFFIX;
    }

    /** {@code llm.retry.<pool>.<priority>}. */
    public String retryTopic() {
        return Topics.RETRY_PREFIX + this;
    }

    /** The consumer group that reads request, overflow and retry topic: {@code signalbox.<pool>.<priority>}. */
    public String consumerGroup() {
        return "signalbox." + this;
    }

    /** The lane that a request, overflow or retry topic belongs to; empty for any other topic. */
    public static Optional<Lane> ofTopic(String topic) {
        String rest;
        if (topic.startsWith(Topics.REQUESTS_PREFIX)) {
            rest = topic.substring(Topics.REQUESTS_PREFIX.length());
            if (rest.endsWith(Topics.OVERFLOW_SUFFIX)) {
                rest = rest.substring(0, rest.length() - Topics.OVERFLOW_SUFFIX.length());
            }
        } else if (topic.startsWith(Topics.RETRY_PREFIX)) {
            rest = topic.substring(Topics.RETRY_PREFIX.length());
        } else {
            return Optional.empty();
        }
        int dot = rest.indexOf('.');
        if (dot < 0 || !PoolName.isLegal(rest.substring(0, dot))) {
            return Optional.empty();
        }
        PoolName pool = new PoolName(rest.substring(0, dot));
        return Priority.ofLabel(rest.substring(dot + 1)).map(priority -> new Lane(pool, priority));
    }

    /** {@code <pool>.<priority>}. */
    @Override
    public String toString() {
        return pool + "." + priority.label();
    }
}
