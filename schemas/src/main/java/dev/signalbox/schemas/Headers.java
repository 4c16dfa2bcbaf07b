package dev.signalbox.schemas;

/** Names of all record headers. Values are UTF-8 text unless said otherwise. */
public final class Headers {
    /** Form of the value: {@link #CONTENT_TYPE_JSON}; absent: Avro in Confluent's wire format. */
    public static final String CONTENT_TYPE = "content-type";
    public static final String CONTENT_TYPE_JSON = "application/json";
    /** Form wanted of the reply and the chunks: {@link #CONTENT_TYPE_JSON}; absent: as the request. */
    public static final String ACCEPT = "accept";

    /** Spring's reply topic, as UTF-8 text. */
    public static final String SPRING_REPLY_TOPIC = "kafka_replyTopic";
    /** Spring's correlation id: opaque bytes, echoed byte for byte on the terminal reply only. */
    public static final String SPRING_CORRELATION_ID = "kafka_correlationId";
    /** Spring's reply partition: a 4-byte big-endian int. */
    public static final String SPRING_REPLY_PARTITION = "kafka_replyPartition";
    /** Plain reply topic. */
    public static final String REPLY_TO = "replyTo";
    /** Plain correlation id: opaque bytes, echoed byte for byte on the terminal reply only. */
    public static final String CORRELATION_ID = "correlationId";

    public static final String TRACEPARENT = "traceparent";
    public static final String TRACESTATE = "tracestate";
    /** Prefix of CloudEvents attributes, echoed as they came. */
    public static final String CLOUDEVENTS_PREFIX = "ce_";

    /** How often the request was published again: decimal int; absent: 0. */
    public static final String HOP = "signalbox-hop";
    /** Append time of the first record, ms on the broker's clock: decimal long; absent: this record's own. */
    public static final String FIRST_ENQUEUED = "signalbox-first-enqueued";
    /** On a retry record: ms after its append time before which it is not served again: decimal long, at most 60,000. */
    public static final String DELAY = "signalbox-delay";
    /** On a retry record that was parked: the route that had no room for it. */
    public static final String PARKED_ROUTE = "signalbox-parked-route";
    /** On a retry record: the line that the request stands in, its route and its tenant with a space between. */
    public static final String LINE = "signalbox-line";
    /** On a retry record: when the request's time to live ends, ms on the broker's clock: decimal long. */
    public static final String EXPIRES = "signalbox-expires";
    /** On a retry record: what the request has been through, {@code RequestHistory} in Avro's single-object encoding. */
    public static final String HISTORY = "signalbox-history";
    /** On a retry record: how many workers died while they had begun nothing but this request: decimal int; absent: 0. */
    public static final String STRIKES = "signalbox-strikes";
    /** Batch run that the request belongs to; see the {@code batch} command. */
    public static final String BATCH = "signalbox-batch";
    /** On a reply: its status, so that a reader can filter without decoding. */
    public static final String STATUS = "signalbox-status";
    /** On a dead letter: stable upper-case reason. */
    public static final String DEAD_LETTER_REASON = "signalbox-dead-letter-reason";
    /** On a dead letter: one sentence. */
    public static final String DEAD_LETTER_MESSAGE = "signalbox-dead-letter-message";
    /** Prefix of Spring's headers on a dead letter. */
    public static final String SPRING_DEAD_LETTER_PREFIX = "kafka_dlt-";
    /** On a dead letter, as Spring writes them: topic it came from (text), partition (int), offset (long), append time (long, ms). */
    public static final String DEAD_LETTER_ORIGINAL_TOPIC = SPRING_DEAD_LETTER_PREFIX + "original-topic";
    public static final String DEAD_LETTER_ORIGINAL_PARTITION = SPRING_DEAD_LETTER_PREFIX + "original-partition";
    public static final String DEAD_LETTER_ORIGINAL_OFFSET = SPRING_DEAD_LETTER_PREFIX + "original-offset";
    public static final String DEAD_LETTER_ORIGINAL_TIMESTAMP = SPRING_DEAD_LETTER_PREFIX + "original-timestamp";
    public static final String DEAD_LETTER_ORIGINAL_CONSUMER_GROUP = SPRING_DEAD_LETTER_PREFIX
            + "original-consumer-group";
    public static final String DEAD_LETTER_EXCEPTION_MESSAGE = SPRING_DEAD_LETTER_PREFIX + "exception-message";
    /** Prefix of Kafka Connect's headers on a dead letter: topic, partition, offset, exception.message, all as text. */
    public static final String CONNECT_ERRORS_PREFIX = "__connect.errors.";
    /** On the dead letter of offsets that retention took: the first one behind them, decimal long. */
    public static final String DEAD_LETTER_END_OFFSET = "signalbox-dead-letter-end-offset";

    private Headers() {
    }
}
