package dev.signalbox.workers.intake;

import org.apache.kafka.common.TopicPartition;

/**
 * A record's place in the ledger of one assignment of its partition. Completing it under an epoch that has passed
 * changes nothing.
 */
public record Ticket(TopicPartition partition, int epoch, long offset) {
}
