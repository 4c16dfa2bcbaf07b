package dev.signalbox.workers;

import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallLesson.Blame;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.CallUse.End;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What the router learns from an attempt's outcome. */
final class Lessons {
    private Lessons() {
    }

    static CallLesson of(AttemptOutcome outcome) {
        return switch (outcome) {
            case AttemptOutcome.Answered answered -> {
                long tokens = answered.usage().map(TokenUsage::getOutputTokens).orElse(0L);
                Duration afterFirst = answered.times().timeToFirstToken()
                        .map(first -> answered.times().duration().minus(first)).orElse(Duration.ZERO);
                yield new CallLesson.Answered(tokens, Math.max(0, afterFirst.toNanos()));
            }
            case AttemptOutcome.Failed failed -> of(failed.failure());
        };
    }

    private static CallLesson of(AttemptFailure failure) {
        FailureClass failureClass = failure.failureClass();
        if (failureClass == FailureClass.CANCELLED || failureClass == FailureClass.DEADLINE
                || failureClass == FailureClass.LOAN_ENDED) {
            return CallLesson.NOTHING;
        }
        if (failureClass == FailureClass.RATE_LIMIT) {
            return new CallLesson.Failed(Blame.RATE, failure.retryAfter());
        }
        return switch (failureClass.blame()) {
            case NOBODY -> failure.httpStatus().isPresent()
                    ? new CallLesson.Failed(Blame.REQUEST, Optional.empty())
                    : CallLesson.NOTHING;
            case CREDENTIAL -> new CallLesson.Failed(Blame.CREDENTIAL, failure.retryAfter());
            case MODEL -> new CallLesson.Failed(Blame.MODEL, failure.retryAfter());
            case ENDPOINT -> new CallLesson.Failed(Blame.SERVICE, failure.retryAfter());
            case ENDPOINT_AT_ONCE -> new CallLesson.Failed(Blame.SERVICE_AT_ONCE, failure.retryAfter());
        };
    }

    /** A failed call that no vendor counted tokens for has read its input and given nothing. */
    static CallUse use(AttemptOutcome outcome) {
        OptionalLong input = outcome.usage().map(usage -> present(usage.getInputTokens())).orElse(OptionalLong.empty());
        OptionalLong output = outcome.usage().map(usage -> present(usage.getOutputTokens()))
                .orElse(OptionalLong.empty());
        return switch (outcome) {
            case AttemptOutcome.Answered answered -> new CallUse(End.BY_VENDOR, input, output);
            case AttemptOutcome.Failed failed when refusedHere(failed.failure()) -> CallUse.NOT_MADE;
            case AttemptOutcome.Failed failed ->
                new CallUse(hungUp(failed.failure()) ? End.BY_US : End.BY_VENDOR, input,
                        output.isPresent() ? output : OptionalLong.of(0));
        };
    }

    /** Whether the call may have run on for a moment: neither was an error response read, nor did the connection give out. */
    private static boolean hungUp(AttemptFailure failure) {
        boolean errorResponse = failure.httpStatus().isPresent() && failure.httpStatus().getAsInt() >= 300;
        return !errorResponse && failure.failureClass() != FailureClass.CONNECTION_LOST;
    }

    private static boolean refusedHere(AttemptFailure failure) {
        return failure.httpStatus().isEmpty() && switch (failure.failureClass()) {
            case INVALID_REQUEST, INVALID_FOR_MODEL, ENDPOINT_MISCONFIGURED -> true;
            default -> false;
        };
    }

    private static OptionalLong present(@Nullable Long tokens) {
        return tokens == null ? OptionalLong.empty() : OptionalLong.of(tokens);
    }
}
