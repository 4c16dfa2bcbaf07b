package dev.signalbox.workers.intake;

import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.DecodedRequest;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.schemas.serde.SchemaRegistryException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** Reads a lane's records by their content type, checks them, and finds where to answer. */
public final class RequestReader implements RecordReader {
    /** Not an LlmRequest at all. */
    public static final String UNREADABLE = "UNREADABLE";
    /** Against the rules that every request keeps. */
    public static final String INVALID_REQUEST = "INVALID_REQUEST";
    /** Asks for a reply or token topic that the allow-list does not hold. */
    public static final String TOPIC_NOT_ALLOWED = "TOPIC_NOT_ALLOWED";
    /** Its use case belongs to another pool. */
    public static final String WRONG_POOL = "WRONG_POOL";

    private static final Pattern LEGAL_ID = Pattern.compile("[!-~]{1,128}");

    private final Lane lane;
    private final Decoder decoder;
    private final Supplier<Configuration> configurations;
    private volatile Rules rules;

    /** What of a configuration is asked for each record. */
    private record Rules(Configuration configuration, ReplyAddresses addresses) {
        Rules(Configuration configuration) {
            this(configuration, new ReplyAddresses(configuration.topics().replyTopicsAllowed()));
        }
    }

    /** What of {@link RequestCodec} the reader needs. */
    @FunctionalInterface
    public interface Decoder {
        /**
         * Reads and checks a record's value.
         *
         * @throws SchemaRegistryException if the schema cannot be had now
         */
        DecodedRequest decode(String topic, Headers headers, byte @Nullable [] value);
    }

    /**
     * @param decoder {@link RequestCodec#decode}
     * @throws IllegalArgumentException if the configuration has no such pool
     */
    public RequestReader(Lane lane, Decoder decoder, Configuration configuration) {
        this(lane, decoder, () -> configuration);
    }

    /** @param configurations the present one; as long as it has the pool, the lane is read by it */
    public RequestReader(Lane lane, Decoder decoder, Supplier<Configuration> configurations) {
        Configuration configuration = configurations.get();
        if (configuration.pool(lane.pool()).isEmpty()) {
            throw new IllegalArgumentException("no pool " + lane.pool());
        }
        this.configurations = configurations;
        this.lane = lane;
        this.decoder = decoder;
        this.rules = new Rules(configuration);
    }

    /** One configuration is one object: to compare all that is in two for each record would cost more than it tells. */
    @SuppressWarnings("ReferenceEquality")
    private Rules rules() {
        Configuration now = configurations.get();
        Rules known = rules;
        if (known.configuration != now && now.pool(lane.pool()).isPresent()) {
            known = new Rules(now);
            rules = known;
        }
        return known;
    }

    @Override
    public Reading read(ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        byte @Nullable [] value = source.value();
        String hash = RequestHash.of(value == null ? new byte[0] : value);
        try {
            return switch (decoder.decode(source.topic(), source.headers(), value)) {
                case DecodedRequest.Valid(LlmRequest request) -> checked(source, ticket, request, hash);
                case DecodedRequest.Invalid invalid -> answerable(source, ticket, invalid.request(), hash,
                        INVALID_REQUEST, String.join("; ", invalid.faults()));
                case DecodedRequest.Unreadable(String reason) -> byKeyAndHeaders(source, ticket, hash, UNREADABLE,
                        reason);
            };
        } catch (SchemaRegistryException e) {
            // Refusals too may be cured by an operator; only a schema that the registry knows not makes it unreadable.
            return new Reading.Later(String.valueOf(e.getMessage()));
        }
    }

    private Reading checked(ConsumerRecord<byte[], byte[]> source, Ticket ticket, LlmRequest request, String hash) {
        ReplyAddresses.Found found = rules().addresses.find(source.headers(), request.getReplyTopic(),
                request.getTokensTopic());
        if (found.refused().isPresent()) {
            return answerable(source, ticket, request, hash, TOPIC_NOT_ALLOWED,
                    "Replies and tokens may not go to the topic that the request names.");
        }
        if (!serves(request.getUseCase())) {
            return answerable(source, ticket, request, hash, WRONG_POOL,
                    "Pool " + lane.pool() + " does not list the request's use case.");
        }
        long enqueued = RecordFacts.firstEnqueuedMillis(source);
        @Nullable
        Long asked = request.getTimeToLiveMillis();
        long timeToLive = asked == null ? lane.priority().defaultTimeToLive().toMillis() : asked;
        long expires = timeToLive > Long.MAX_VALUE - enqueued ? Long.MAX_VALUE : enqueued + timeToLive;
        return new Reading.Request(new InboundRequest(lane, ticket, request, hash, RecordFacts.hop(source), enqueued,
                expires, found.address(), RecordFacts.sizeBytes(source), source));
    }

    @Override
    public Reading quarantined(Lane ofRecord, ConsumerRecord<byte[], byte[]> source, Ticket ticket) {
        byte @Nullable [] value = source.value();
        return byKeyAndHeaders(source, ticket, RequestHash.of(value == null ? new byte[0] : value), QUARANTINED,
                QUARANTINED_MESSAGE);
    }

    private boolean serves(String useCase) {
        return rules().configuration.poolOf(useCase).filter(pool -> pool.name().equals(lane.pool())).isPresent();
    }

    private Reading answerable(ConsumerRecord<byte[], byte[]> source, Ticket ticket, LlmRequest request, String hash,
            String reason, String message) {
        ReplyAddress address = rules().addresses
                .find(source.headers(), request.getReplyTopic(), request.getTokensTopic())
                .address();
        Optional<String> id = Optional.of(request.getId()).filter(text -> LEGAL_ID.matcher(text).matches())
                .or(() -> idOfKey(source));
        return new Reading.Unservable(
                new UnservableRecord(lane, ticket, source, id, Optional.of(address), hash, reason, message));
    }

    /**
     * With nothing but headers and key: it can be answered if they name an id that its caller awaits, or a reply topic, where
     * the correlation id tells him which of his requests it was.
     */
    private Reading byKeyAndHeaders(ConsumerRecord<byte[], byte[]> source, Ticket ticket, String hash, String reason,
            String message) {
        ReplyAddresses.Found found = rules().addresses.find(source.headers(), null, null);
        Optional<String> id = idOfKey(source).or(() -> found.asked()
                ? Optional.of("unread-" + source.partition() + "-" + source.offset())
                : Optional.empty());
        Optional<ReplyAddress> address = id.map(any -> found.address());
        return new Reading.Unservable(
                new UnservableRecord(lane, ticket, source, id, address, hash, reason, message));
    }

    private static Optional<String> idOfKey(ConsumerRecord<byte[], byte[]> source) {
        byte @Nullable [] key = source.key();
        return key == null
                ? Optional.empty()
                : Optional.of(new String(key, StandardCharsets.UTF_8)).filter(text -> LEGAL_ID.matcher(text).matches());
    }
}
