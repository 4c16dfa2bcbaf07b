package dev.signalbox.workers.intake;

import java.util.List;
import java.util.OptionalInt;
import org.apache.kafka.common.header.Header;

/**
 * Where and how a request's answer goes.
 *
 * @param replyTopic topic of the terminal reply, on the allow-list
 * @param replyPartition the partition asked for, else by key
 * @param tokensTopic topic of the token chunks, on the allow-list
 * @param form form of the values
 * @param correlation correlation id headers as they came, byte for byte; they go on the terminal reply only
 * @param context trace and CloudEvents headers, echoed on the reply
 */
public record ReplyAddress(String replyTopic, OptionalInt replyPartition, String tokensTopic, Form form,
        List<Header> correlation, List<Header> context) {

    /** Form of reply and chunk values. */
    public enum Form {
        AVRO,
        JSON
    }

    public ReplyAddress {
        correlation = List.copyOf(correlation);
        context = List.copyOf(context);
    }
}
