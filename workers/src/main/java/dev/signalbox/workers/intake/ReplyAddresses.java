package dev.signalbox.workers.intake;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.serde.ValueForm;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * Reads reply addresses. A header's topic wins over the record's, which wins over {@link Topics#REPLIES} and
 * {@link Topics#TOKENS}; a topic that is not on the allow-list is never written to.
 */
final class ReplyAddresses {
    private static final Pattern LEGAL_TOPIC = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
    private static final List<String> ALWAYS_ALLOWED = List.of(Topics.REPLIES, Topics.REPLIES + ".*", Topics.TOKENS,
            Topics.TOKENS + ".*");

    private final Pattern allowed;

    /**
     * An address, and what could not be had.
     *
     * @param address where to answer; a topic that is not allowed is replaced by the default one
     * @param asked whether the record's headers name a reply topic that is allowed
     * @param refused the topic that is not allowed
     */
    record Found(ReplyAddress address, boolean asked, Optional<String> refused) {
    }

    /** @param patterns of further topics that requests may name, {@code *} matching any text */
    ReplyAddresses(List<String> patterns) {
        List<String> regexes = new ArrayList<>();
        for (String pattern : ALWAYS_ALLOWED) {
            regexes.add(regex(pattern));
        }
        for (String pattern : patterns) {
            regexes.add(regex(pattern));
        }
        this.allowed = Pattern.compile(String.join("|", regexes));
    }

    private static String regex(String pattern) {
        return Pattern.quote(pattern).replace("*", "\\E.*\\Q");
    }

    Found find(org.apache.kafka.common.header.Headers headers, @Nullable String replyTopic,
            @Nullable String tokensTopic) {
        Optional<String> byHeader = text(headers, Headers.SPRING_REPLY_TOPIC).or(() -> text(headers, Headers.REPLY_TO));
        String reply = byHeader.orElse(replyTopic == null ? Topics.REPLIES : replyTopic);
        String tokens = tokensTopic == null ? Topics.TOKENS : tokensTopic;
        Optional<String> refused = !isAllowed(reply)
                ? Optional.of(reply)
                : !isAllowed(tokens) ? Optional.of(tokens) : Optional.empty();
        boolean replyAllowed = isAllowed(reply);
        List<Header> correlation = new ArrayList<>();
        List<Header> context = new ArrayList<>();
        for (Header header : headers) {
            switch (header.key()) {
                case Headers.SPRING_CORRELATION_ID, Headers.CORRELATION_ID -> correlation.add(header);
                case Headers.TRACEPARENT, Headers.TRACESTATE -> context.add(header);
                default -> {
                    if (header.key().startsWith(Headers.CLOUDEVENTS_PREFIX)) {
                        context.add(header);
                    }
                }
            }
        }
        ReplyAddress address = new ReplyAddress(replyAllowed ? reply : Topics.REPLIES,
                replyAllowed ? partition(headers) : OptionalInt.empty(), isAllowed(tokens) ? tokens : Topics.TOKENS,
                form(headers), correlation, context);
        return new Found(address, byHeader.isPresent() && replyAllowed, refused);
    }

    private boolean isAllowed(String topic) {
        return topic.equals(Topics.REPLIES) || topic.equals(Topics.TOKENS)
                || (LEGAL_TOPIC.matcher(topic).matches() && allowed.matcher(topic).matches());
    }

    private static ReplyAddress.Form form(org.apache.kafka.common.header.Headers headers) {
        ValueForm form = text(headers, Headers.ACCEPT).flatMap(ValueForm::ofContentType)
                .or(() -> ValueForm.of(headers)).orElse(ValueForm.AVRO);
        return switch (form) {
            case AVRO -> ReplyAddress.Form.AVRO;
            case JSON -> ReplyAddress.Form.JSON;
        };
    }

    private static OptionalInt partition(org.apache.kafka.common.header.Headers headers) {
        Header header = headers.lastHeader(Headers.SPRING_REPLY_PARTITION);
        if (header == null || header.value() == null || header.value().length != Integer.BYTES) {
            return OptionalInt.empty();
        }
        int partition = ByteBuffer.wrap(header.value()).getInt();
        return partition < 0 ? OptionalInt.empty() : OptionalInt.of(partition);
    }

    private static Optional<String> text(org.apache.kafka.common.header.Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null || header.value().length == 0
                ? Optional.empty()
                : Optional.of(new String(header.value(), StandardCharsets.UTF_8));
    }
}
