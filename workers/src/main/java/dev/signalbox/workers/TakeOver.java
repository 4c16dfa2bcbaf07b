package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.PrefilledBody;
import dev.signalbox.workers.vendor.TextSoFar;
import java.util.Locale;
import java.util.Optional;

/**
 * How a request's next attempt takes over from a stream that was cut, under the stream policy CONTINUE: from the text so
 * far where all can go on from it (the cut answer, the request, the next deployment), else from nothing, with the reason.
 * A pure model, of one request, over all its visits.
 */
final class TakeOver {
    private Optional<String> obstacle = Optional.empty();
    private Optional<TextSoFar> text = Optional.empty();

    /** What an attempt begins with. */
    sealed interface Start {
        /** The text to go on from; empty: none. */
        default Optional<TextSoFar> text() {
            return Optional.empty();
        }

        /** For the attempt's record; empty where no stream was cut before it. */
        default Optional<String> told() {
            return Optional.empty();
        }

        /** Nothing was cut before it, or the request wants no continuing. */
        record Plain() implements Start {
        }

        /** @param why for a person, free of content */
        record FromNothing(String why) implements Start {
            @Override
            public Optional<String> told() {
                return Optional.of("starts again: " + why);
            }
        }

        record GoingOn(TextSoFar soFar) implements Start {
            @Override
            public Optional<TextSoFar> text() {
                return Optional.of(soFar);
            }

            @Override
            public Optional<String> told() {
                return Optional
                        .of("goes on from the " + soFar.text().length() + " characters that came before the cut");
            }
        }
    }

    /** An attempt was cut after its caller had seen some of it. */
    void cut(AnswerSoFar answer, Optional<TextSoFar> beginning, Optional<TokenUsage> usage) {
        obstacle = answer.obstacle();
        long before = beginning.map(TextSoFar::tokens).orElse(0L);
        Long counted = usage.map(TokenUsage::getOutputTokens).orElse(null);
        text = obstacle.isPresent()
                ? Optional.empty()
                : Optional.of(new TextSoFar(answer.text(), before + (counted == null ? 0 : counted)));
    }

    /**
     * What the next attempt begins with, at that deployment.
     *
     * @param body the request in {@code format} as it goes there
     * @param refused whether that deployment has refused to go on from a text
     */
    Start at(Deployment target, BodyFormat format, byte[] body, boolean refused) {
        if (text.isEmpty()) {
            return obstacle.<Start>map(Start.FromNothing::new).orElseGet(Start.Plain::new);
        }
        if (!target.capabilities().prefill()) {
            return new Start.FromNothing(target.name() + " does not go on from a text (capabilities.prefill)");
        }
        if (refused) {
            return new Start.FromNothing(target.name() + " has refused to go on from a text");
        }
        return PrefilledBody.obstacle(format, body, text.get()).<Start>map(Start.FromNothing::new)
                .orElseGet(() -> new Start.GoingOn(text.get()));
    }

    /** Whether a failure may be that of going on alone: the same request from nothing deserves to be tried. */
    static boolean mayBeRefusal(Start start, AttemptFailure failure) {
        return switch (start) {
            case Start.Plain _,Start.FromNothing _ -> false;
            case Start.GoingOn _ -> switch (failure.failureClass()) {
                case INVALID_REQUEST, INVALID_FOR_MODEL, CONTEXT_LENGTH, PAYLOAD_TOO_LARGE -> true;
                default -> false;
            };
        };
    }

    /** Whether the vendor says that this model goes on from no text, ever. */
    static boolean isRefusedForGood(AttemptFailure failure) {
        String message = failure.message().toLowerCase(Locale.ROOT);
        return message.contains("prefill") || message.contains("pre-fill")
                || message.contains("end with a user message");
    }

    /** The text was refused by a deployment: the next attempt starts from nothing. */
    void refused(Deployment by) {
        obstacle = Optional.of(by.name() + " has refused to go on from a text");
        text = Optional.empty();
    }
}
