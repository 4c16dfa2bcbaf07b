package dev.signalbox.workers;

import dev.signalbox.schemas.Priority;
import dev.signalbox.workers.Attempt.Done;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.Router;
import dev.signalbox.workers.vendor.AttemptOutcome;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A second call elsewhere for an interactive request whose first token is late: at its route's {@code hedge_after}, if another
 * deployment has a permit to spare and its retry budget allows it. Whichever gives a token first is the answer, the other is cut,
 * and both are paid for.
 */
final class Hedge {
    private final Permits permits;
    private final ScheduledExecutorService timer;
    private final Consumer<Outcome> told;

    /** What became of a second call that was due. */
    enum Outcome {
        /** It gave the first token. */
        WON,
        /** The first call gave a token, or ended for good, before it. */
        LOST,
        /** It failed without a token. */
        FAILED,
        /** It was not made: no other deployment of the route had room that nobody waits for. */
        NO_ROOM,
        /** It was not made: the others' retry budgets are spent. */
        NO_BUDGET;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What was called.
     *
     * @param deciding whose outcome is the request's; empty if its time was up before the first call
     * @param other the one that the request does not go by
     */
    record Called(Optional<Done> deciding, Optional<Done> other) {
    }

    /** @param timer starts short tasks at their time */
    Hedge(Permits permits, ScheduledExecutorService timer, Consumer<Outcome> told) {
        this.permits = permits;
        this.timer = timer;
        this.told = told;
    }

    /**
     * Makes the call, and a second one if it comes to that. Blocking: both have ended when it returns.
     *
     * @param by the routes that the request goes by
     * @param mayHedge whether the visit has a call left for it
     */
    Called run(Journey journey, Attempt attempt, Router by, boolean mayHedge) {
        Race race = new Race();
        Optional<Duration> after = mayHedge ? after(journey, attempt) : Optional.empty();
        if (after.isEmpty()) {
            return new Called(attempt.run(race.first()), Optional.empty());
        }
        CompletableFuture<Optional<Done>> second = new CompletableFuture<>();
        ScheduledFuture<?> due = due(after.get(), () -> second(journey, attempt, by, race, second));
        Optional<Done> first;
        try {
            first = attempt.run(race.first());
        } catch (RuntimeException | Error defect) {
            race.off();
            throw defect;
        } finally {
            if (due != null) {
                due.cancel(false);
            }
        }
        if (!race.hasSecond()) {
            return new Called(first, Optional.empty());
        }
        if (first.isEmpty() || !isWorthWaiting(first.get().outcome())) {
            race.leaveUndecided();
        }
        Optional<Done> other = await(second, race);
        boolean secondDecides = other.isPresent() && (race.secondWon() || first.isEmpty());
        return secondDecides ? new Called(other, first) : new Called(first, other);
    }

    /** Whether the second call may still help: the first failed, and not because of the request. */
    private static boolean isWorthWaiting(AttemptOutcome first) {
        return switch (first) {
            case AttemptOutcome.Answered answered -> false;
            case AttemptOutcome.Failed failed ->
                Visit.isRetryable(failed.failure()) && !Thread.currentThread().isInterrupted();
        };
    }

    private static Optional<Duration> after(Journey journey, Attempt attempt) {
        return journey.query().priority() == Priority.INTERACTIVE && attempt.streamed() && attempt.startsFromNothing()
                && !journey.isSuspect() ? attempt.granted().routed().route().hedgeAfter() : Optional.empty();
    }

    private @Nullable ScheduledFuture<?> due(Duration after, Runnable second) {
        Runnable begin = () -> Thread.startVirtualThread(second);
        try {
            return timer.schedule(begin, after.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closing) {
            return null;
        }
    }

    private void second(Journey journey, Attempt first, Router by, Race race,
            CompletableFuture<Optional<Done>> ended) {
        if (!race.opens()) {
            return;
        }
        try {
            ended.complete(call(journey, first, by, race));
        } catch (RuntimeException | Error defect) {
            ended.completeExceptionally(defect);
        }
    }

    private Optional<Done> call(Journey journey, Attempt first, Router by, Race race) {
        CallAsk ask = new CallAsk(first.granted().routed().rule(),
                Set.of(first.granted().permit().deployment().name()), Set.of(), Optional.empty(), true);
        return switch (permits.askForHedge(by, journey.query(), ask, first.granted().candidate())) {
            case Answer.Granted granted -> made(first.elsewhere(granted), race);
            case Answer.OutOfBudget out -> notMade(Outcome.NO_BUDGET);
            case Answer.Busy busy -> notMade(Outcome.NO_ROOM);
            case Answer.Nowhere nowhere -> notMade(Outcome.NO_ROOM);
        };
    }

    private Optional<Done> notMade(Outcome why) {
        told.accept(why);
        return Optional.empty();
    }

    private Optional<Done> made(Attempt attempt, Race race) {
        Optional<Done> done = attempt.run(race.second());
        told.accept(race.secondWon()
                ? Outcome.WON
                : race.second().goesOn() ? Outcome.FAILED : Outcome.LOST);
        return done;
    }

    /** An interrupt ends both; what they had begun is told of all the same. */
    private static Optional<Done> await(CompletableFuture<Optional<Done>> second, Race race) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return second.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    race.off();
                } catch (ExecutionException e) {
                    throw new IllegalStateException("the second call of a request met a defect", e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
