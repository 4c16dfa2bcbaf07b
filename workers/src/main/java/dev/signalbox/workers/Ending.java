package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptSummary;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.workers.vendor.AttemptOutcome;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/** How the path of a request ended in this worker. */
sealed interface Ending {
    /** Every vendor call made, in order. */
    List<AttemptSummary> attempts();

    /** Cost of all of them; empty if any is unknown. */
    Optional<BigDecimal> cost();

    /** @param startedNanos of the answering attempt, monotonic */
    record Answered(Deployment deployment, AttemptId answeredBy, AttemptOutcome.Answered answer, long startedNanos,
            List<AttemptSummary> attempts, Optional<BigDecimal> cost) implements Ending {
    }

    /**
     * @param status anything but COMPLETED
     * @param code stable and upper-case
     * @param partialBody what the caller has seen of a cut answer, where he asked for that
     */
    record Unanswered(ReplyStatus status, String code, String message, boolean retryable, Optional<byte[]> partialBody,
            List<AttemptSummary> attempts, Optional<BigDecimal> cost) implements Ending {

        static Unanswered withoutCall(ReplyStatus status, String code, String message, boolean retryable) {
            return new Unanswered(status, code, message, retryable, Optional.empty(), List.of(),
                    Optional.of(BigDecimal.ZERO));
        }
    }

    /** The worker stopped first: nothing is published, the request stays pending and is served again elsewhere. */
    record Abandoned(List<AttemptSummary> attempts, Optional<BigDecimal> cost) implements Ending {
    }
}
