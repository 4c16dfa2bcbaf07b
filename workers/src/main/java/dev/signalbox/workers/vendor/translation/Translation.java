package dev.signalbox.workers.vendor.translation;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.translation.Translated.Carried;
import dev.signalbox.workers.vendor.translation.Translated.Untranslatable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Between OpenAI Chat Completions and Anthropic Messages. A request is carried whole or not at all: whatever has no
 * counterpart of the same meaning is a reason why the target is unfit. What is carried stands in {@code
 * docs/translation.md}, which is generated from the rules here.
 */
public final class Translation {
    /** The longest answer asked for where neither the request nor the deployment names one; Anthropic demands a number. */
    public static final int DEFAULT_MAX_TOKENS = 8_192;

    private Translation() {
    }

    /** The language that a family's deployments speak; empty where no codec speaks to them yet. */
    public static Optional<BodyFormat> language(VendorFamily family) {
        return switch (family) {
            case OPENAI, AZURE_OPENAI -> Optional.of(BodyFormat.OPENAI_CHAT_COMPLETIONS);
            case ANTHROPIC -> Optional.of(BodyFormat.ANTHROPIC_MESSAGES);
            case BEDROCK, VERTEX -> Optional.empty();
        };
    }

    /**
     * Why deployments of a family cannot serve a request; empty: they can.
     *
     * @param body the request in {@code format}
     */
    public static List<String> fitness(BodyFormat format, VendorFamily family, byte[] body) {
        Optional<BodyFormat> target = language(family);
        if (target.isEmpty()) {
            return List.of("no translation for the vendor family " + family.label());
        }
        return switch (request(format, target.get(), body, OptionalInt.empty())) {
            case Carried carried -> List.of();
            case Untranslatable not -> not.reasons();
        };
    }

    /** As above, of a buffer that is left as it is. */
    public static List<String> fitness(BodyFormat format, VendorFamily family, ByteBuffer body) {
        if (language(family).filter(format::equals).isPresent()) {
            return List.of();
        }
        byte[] bytes = new byte[body.remaining()];
        body.duplicate().get(bytes);
        return fitness(format, family, bytes);
    }

    /** @param maxOutputTokens the longest answer that the target gives, if known */
    public static Translated request(BodyFormat from, BodyFormat to, byte[] body, OptionalInt maxOutputTokens) {
        if (from == to) {
            return new Carried(body);
        }
        Optional<ObjectNode> source = TranslationJson.object(body);
        if (source.isEmpty()) {
            return new Untranslatable(List.of("the request body is not one JSON object"));
        }
        Draft draft = switch (from) {
            case OPENAI_CHAT_COMPLETIONS -> ChatRequest.toMessages(source.get(), maxOutputTokens);
            case ANTHROPIC_MESSAGES -> MessagesRequest.toChat(source.get());
        };
        return draft.isRefused()
                ? new Untranslatable(draft.reasons())
                : new Carried(TranslationJson.bytes(draft.target));
    }

    /**
     * An answer, or part of one, in the caller's language. What the caller's language has no place for is left out and
     * becomes a warning.
     *
     * @param createdSeconds when it was made, since the epoch; Anthropic does not say
     */
    public static Decoded answer(BodyFormat from, BodyFormat to, Decoded decoded, long createdSeconds) {
        if (from == to) {
            return decoded;
        }
        return switch (decoded) {
            case Decoded.Answer answer -> {
                List<String> warnings = new ArrayList<>(answer.warnings());
                ObjectNode body = body(from, answer.body(), createdSeconds, warnings);
                yield new Decoded.Answer(TranslationJson.bytes(body), finishReason(to, body), answer.vendorModel(),
                        answer.usage(), List.copyOf(warnings));
            }
            case Decoded.NoAnswer none -> new Decoded.NoAnswer(none.failure(), none.partialBody()
                    .map(part -> TranslationJson.bytes(body(from, part, createdSeconds, new ArrayList<>()))),
                    none.usage());
        };
    }

    private static ObjectNode body(BodyFormat from, byte[] body, long createdSeconds, List<String> warnings) {
        ObjectNode source = TranslationJson.answer(body)
                .orElseThrow(() -> new IllegalArgumentException("an answer that was read before is no JSON object"));
        return switch (from) {
            case OPENAI_CHAT_COMPLETIONS -> ChatCompletion.toMessage(source, warnings);
            case ANTHROPIC_MESSAGES -> Message.toCompletion(source, createdSeconds, warnings);
        };
    }

    private static Optional<String> finishReason(BodyFormat language, ObjectNode body) {
        return Optional.ofNullable(switch (language) {
            case OPENAI_CHAT_COMPLETIONS -> body.at("/choices/0/finish_reason").asText(null);
            case ANTHROPIC_MESSAGES -> body.path("stop_reason").asText(null);
        });
    }
}
