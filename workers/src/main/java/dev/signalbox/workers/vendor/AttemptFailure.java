package dev.signalbox.workers.vendor;

import dev.signalbox.workers.vendor.FailureClass.Same;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Why an attempt gave no answer.
 *
 * @param httpStatus the vendor's status, if one was received
 * @param message for a person: the vendor's error text, cut at 500 characters, free of secrets and of request content
 * @param retryAfter the delay that the vendor asked for, if it is sane
 * @param shouldRetry the vendor's own word on another attempt at the same deployment ({@code x-should-retry}); it
 *        overrides that column of the class and no other
 */
public record AttemptFailure(FailureClass failureClass, OptionalInt httpStatus, String message,
        Optional<Duration> retryAfter, Optional<Boolean> shouldRetry) {

    /** A failure on whose retry the vendor says nothing. */
    public AttemptFailure(FailureClass failureClass, OptionalInt httpStatus, String message,
            Optional<Duration> retryAfter) {
        this(failureClass, httpStatus, message, retryAfter, Optional.empty());
    }

    /** A failure that no response tells of. */
    public static AttemptFailure of(FailureClass failureClass, String message) {
        return new AttemptFailure(failureClass, OptionalInt.empty(), message, Optional.empty());
    }

    /** Whether the same deployment may be tried again: the class's word, unless the vendor said otherwise. */
    public Same same() {
        Same ofClass = failureClass.same();
        return shouldRetry.map(yes -> !yes ? Same.NO : ofClass == Same.NO ? Same.ONCE : ofClass).orElse(ofClass);
    }
}
