package dev.signalbox.workers.vendor;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Why an attempt gave no answer.
 *
 * @param httpStatus the vendor's status, if one was received
 * @param message for a person: the vendor's error text, cut at 500 characters, free of secrets and of request content
 * @param retryAfter the delay that the vendor asked for, if it is sane
 */
public record AttemptFailure(FailureClass failureClass, OptionalInt httpStatus, String message,
        Optional<Duration> retryAfter) {

    /** A failure that no response tells of. */
    public static AttemptFailure of(FailureClass failureClass, String message) {
        return new AttemptFailure(failureClass, OptionalInt.empty(), message, Optional.empty());
    }
}
