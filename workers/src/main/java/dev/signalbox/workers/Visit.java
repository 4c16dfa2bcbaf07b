package dev.signalbox.workers;

import dev.signalbox.config.Deployment;
import dev.signalbox.config.DeploymentName;
import dev.signalbox.config.Route;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.workers.Attempt.Done;
import dev.signalbox.workers.Journey.Standing;
import dev.signalbox.workers.intake.InboundRequest;
import dev.signalbox.workers.reply.AnswerChannel;
import dev.signalbox.workers.router.CallAsk;
import dev.signalbox.workers.router.CallLesson;
import dev.signalbox.workers.router.CallUse;
import dev.signalbox.workers.router.Candidate;
import dev.signalbox.workers.router.PermitDesk.Answer;
import dev.signalbox.workers.router.RouteDecision.Routed;
import dev.signalbox.workers.router.RouteDecision.Rule;
import dev.signalbox.workers.router.Router;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.AttemptOutcome;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.FailureClass.Elsewhere;
import dev.signalbox.workers.vendor.FailureClass.OtherModel;
import dev.signalbox.workers.vendor.FailureClass.Same;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The attempts that a request makes before it goes back to waiting: at most {@value #MAX_ATTEMPTS}, over what the route
 * offers, as each failure's class allows. Each holds a permit for as long as its call runs.
 *
 * <p>Before the first published token, failing over is free. After it the request's stream policy decides: RESTART makes
 * a new attempt, whose chunks start the text again; CONTINUE makes one that goes on from the text so far where it can (see
 * {@link TakeOver}), which it publishes first; FAIL ends with the partial text.
 */
final class Visit {
    static final int MAX_ATTEMPTS = 3;
    /** After so many cut calls, the request's next one runs to its end. */
    static final int MAX_LOANS_ENDED = 3;
    /** Then its failed probes are visits like others: it may be what the deployment fails for. */
    static final int MAX_PROBES = 100;

    private final Attempt.Stages stages;
    private final Hedge hedge;
    private final RetryPause pause;
    /** Deployments whose models have refused to go on from a text: at most as many as there are. */
    private final Set<DeploymentName> textRefusers = ConcurrentHashMap.newKeySet();

    Visit(Attempt.Stages stages, Hedge hedge, RetryPause pause) {
        this.stages = stages;
        this.hedge = hedge;
        this.pause = pause;
    }

    /** What a request's next step begins with. */
    sealed interface Asked {
        /** Its time is up. */
        record TimeUp() implements Asked {
        }

        /** Its caller does not want it any more. */
        record Cancelled() implements Asked {
        }

        /** What the permit desk said, anything but Busy. */
        record Answered(Answer answer) implements Asked {
        }
    }

    /** What follows an attempt. */
    sealed interface Result {
        /** For good. */
        record Ended(Ending ending) implements Result {
        }

        /** Another attempt of this visit follows after that pause. */
        record Again(Duration pause) implements Result {
        }

        /** As {@link GoBack}, and it costs no visit. */
        record Probed(Optional<Duration> retryAfter) implements Result {
        }

        /** Another visit may help, not before what the last vendor asked for. */
        record GoBack(Optional<Duration> retryAfter) implements Result {
        }
    }

    /** What the journey's next call asks for. */
    static CallAsk ask(Journey journey) {
        Standing standing = journey.standing();
        return standing.number == 1
                ? new CallAsk(standing.rule, Set.of(), journey.confined(), Optional.empty(), false)
                : new CallAsk(standing.rule, Set.copyOf(standing.tried), journey.confined(), standing.stay, true);
    }

    /**
     * Makes the call that was granted, or ends what cannot go on. Blocking.
     *
     * @param by the routes that the request goes by
     */
    Result run(Journey journey, Asked asked, Router by) {
        return switch (asked) {
            case Asked.TimeUp timeUp -> new Result.Ended(journey.expired());
            case Asked.Cancelled cancelled -> new Result.Ended(journey.cancelled());
            case Asked.Answered(Answer.Granted granted) -> {
                Attempt attempt = prepared(journey, granted);
                if (!attempt.takesTurn()) {
                    // Another worker tries it, or nobody knows: the request stands as if it had been refused the permit.
                    yield Thread.currentThread().isInterrupted()
                            ? new Result.Ended(journey.abandoned())
                            : new Result.Again(Duration.ZERO);
                }
                Optional<Done> done = call(journey, attempt, by);
                Optional<Ending> ending = done.isPresent()
                        ? attempt(journey, done.get())
                        : Optional.of(journey.expired());
                yield ending.isPresent()
                        ? new Result.Ended(ending.get())
                        : next(journey, done.orElseThrow().granted());
            }
            case Asked.Answered(Answer.OutOfBudget out) -> new Result.GoBack(retryAfter(journey));
            case Asked.Answered(Answer.Nowhere nowhere) -> new Result.Ended(journey.lastFailure()
                    .map(failure -> journey.failedFor(failure, false, Optional.empty()))
                    .orElseGet(() -> journey.failedWithout(nowhere.unroutable().code(),
                            nowhere.unroutable().message(), false)));
            case Asked.Answered(Answer.Busy busy) ->
                throw new IllegalStateException("a request that was refused has no turn");
        };
    }

    /** After a failed attempt. */
    private Result next(Journey journey, Answer.Granted granted) {
        if (journey.lastFailure().filter(failure -> failure.failureClass() == FailureClass.LOAN_ENDED).isPresent()) {
            // It is not the request's, nor the vendor's doing: it costs neither an attempt of its visit nor a retry.
            journey.loanEnded();
            return new Result.Again(Duration.ZERO);
        }
        Standing standing = journey.standing();
        if (isProbe(journey, granted)) {
            return new Result.Probed(retryAfter(journey));
        }
        if (!mayFollow(journey, granted) || standing.number >= MAX_ATTEMPTS) {
            return end(journey);
        }
        standing.number++;
        if (!standing.pauseFirst) {
            return new Result.Again(Duration.ZERO);
        }
        long leftMillis = leftMillis(journey.request());
        if (leftMillis <= 0) {
            return new Result.Ended(journey.expired());
        }
        return pause.before(standing.number - 1, retryAfter(journey), leftMillis)
                .<Result>map(Result.Again::new).orElseGet(() -> end(journey));
    }

    /** It tried, for all, a deployment that was ejected: that it failed says that the outage goes on, and nothing about the request. */
    private static boolean isProbe(Journey journey, Answer.Granted granted) {
        return granted.permit().isTrial() && !journey.standing().midStream && !journey.isSuspect()
                && journey.probes() < MAX_PROBES
                && journey.lastFailure().filter(failure -> switch (failure.failureClass().blame()) {
                    case ENDPOINT, ENDPOINT_AT_ONCE -> true;
                    case NOBODY, CREDENTIAL, MODEL -> false;
                }).isPresent();
    }

    private static Optional<Duration> retryAfter(Journey journey) {
        return journey.lastFailure().flatMap(AttemptFailure::retryAfter);
    }

    /** Until the request's time is up, ms; at most a year. */
    long leftMillis(InboundRequest request) {
        return Attempt.leftMillis(request, stages.brokerMillis());
    }

    /** No further attempt in this visit: for good if the failure says so. */
    private static Result end(Journey journey) {
        AttemptFailure failure = journey.lastFailure()
                .orElseThrow(() -> new IllegalStateException("a visit ends by a failure"));
        return switch (failure.failureClass().next()) {
            case SAME_ONCE, OTHER_DEPLOYMENT -> new Result.GoBack(failure.retryAfter());
            case OTHER_MODEL, NONE -> new Result.Ended(journey.failedFor(failure, false, Optional.empty()));
        };
    }

    /** One vendor call, or two of which one counts; empty if it failed and another may follow. */
    private Optional<Ending> attempt(Journey journey, Done done) {
        Standing standing = journey.standing();
        AnswerChannel channel = done.channel();
        standing.midStream = channel.published();
        if (done.outcome() instanceof AttemptOutcome.Failed failed) {
            if (!channel.published() && TakeOver.mayBeRefusal(done.start(), failed.failure())) {
                textRefused(journey, standing, done.deployment(), failed.failure());
                return Optional.empty();
            }
            if (channel.published() && Attempt.continues(journey.request())) {
                journey.takeOver().cut(done.answer(), done.start().text(), failed.usage());
            }
        }
        return ending(journey, done);
    }

    private Attempt prepared(Journey journey, Answer.Granted granted) {
        try {
            byte[] body = granted.candidate().change().map(change -> BodyOverrides.splice(journey.body(),
                    change.overrides())).orElse(journey.body());
            Deployment deployment = granted.permit().deployment();
            TakeOver.Start start = journey.takeOver().at(deployment, journey.request().request().getBodyFormat(), body,
                    textRefusers.contains(deployment.name()));
            return new Attempt(stages, journey, granted, journey.nextNumber(), body, start);
        } catch (RuntimeException | Error defect) {
            stages.permits().ended(granted.permit(), CallUse.NOT_MADE, CallLesson.NOTHING);
            throw defect;
        }
    }

    /** The call that was granted; empty if the request's time was up before it was made. */
    private Optional<Done> call(Journey journey, Attempt attempt, Router by) {
        Standing standing = journey.standing();
        Hedge.Called called = hedge.run(journey, attempt, by, standing.number < MAX_ATTEMPTS);
        Stream.concat(called.deciding().stream(), called.other().stream())
                .sorted(Comparator.comparingInt(done -> done.id().getNumber()))
                .forEach(done -> journey.add(done.summary(), done.cost()));
        called.other().ifPresent(other -> {
            standing.number++;
            standing.tried.add(other.deployment().name());
        });
        return called.deciding();
    }

    private void textRefused(Journey journey, Standing standing, Deployment deployment, AttemptFailure failure) {
        standing.textRefused = true;
        journey.takeOver().refused(deployment);
        if (TakeOver.isRefusedForGood(failure)) {
            textRefusers.add(deployment.name());
        }
    }

    private static Optional<Ending> ending(Journey journey, Done done) {
        return switch (done.outcome()) {
            case AttemptOutcome.Answered answered -> Optional.of(new Ending.Answered(done.deployment(), done.id(),
                    answered, done.startedNanos(), journey.attempts(), journey.cost()));
            case AttemptOutcome.Failed failed -> {
                AttemptFailure failure = failed.failure();
                journey.failed(failure);
                if (Thread.currentThread().isInterrupted()) {
                    yield Optional.of(journey.abandoned());
                }
                if (journey.underWay().isCancelled()) {
                    yield Optional.of(journey.cancelled());
                }
                if (failure.failureClass() == FailureClass.CANCELLED) {
                    yield Optional.of(journey.abandoned());
                }
                if (failure.failureClass() == FailureClass.DEADLINE) {
                    yield Optional.of(journey.expired());
                }
                if (done.channel().published()
                        && journey.request().request().getStreamPolicy() == StreamPolicy.FAIL) {
                    yield Optional.of(journey.failedFor(failure, isRetryable(failure), failed.partialBody()));
                }
                if (failure.failureClass().blame() == FailureClass.Blame.ENDPOINT && done.servesOthers()) {
                    journey.failedWhereOthersAreServed(done.deployment().name());
                }
                yield Optional.empty();
            }
        };
    }

    static boolean isRetryable(AttemptFailure failure) {
        return switch (failure.failureClass().next()) {
            case SAME_ONCE, OTHER_DEPLOYMENT -> true;
            case OTHER_MODEL, NONE -> false;
        };
    }

    /** Decides where the next attempt goes after this failure; false if no further one has a chance in this visit. */
    private static boolean mayFollow(Journey journey, Answer.Granted granted) {
        Standing standing = journey.standing();
        if (standing.textRefused) {
            standing.textRefused = false;
            standing.stay = Optional.of(granted.permit().deployment().name());
            standing.pauseFirst = false;
            return true;
        }
        AttemptFailure last = journey.lastFailure().orElseThrow();
        FailureClass failure = last.failureClass();
        DeploymentName here = granted.permit().deployment().name();
        Routed routed = granted.routed();
        standing.callsHere = standing.stay.filter(here::equals).isPresent() ? standing.callsHere + 1 : 1;
        standing.tried.add(here);
        standing.pauseFirst = false;
        journey.nextVisitAfter(routed.rule(), mayChangeModel(failure, routed.route()));
        boolean othersLeft = routed.candidates().stream().filter(routed::usable)
                .anyMatch(candidate -> !standing.tried.contains(candidate.deployment().name()));
        // Who has begun and cut an answer may do so again: another one goes first, if there is one.
        if (last.same() == Same.ONCE && standing.callsHere < 2 && !(standing.midStream && othersLeft)) {
            standing.stay = Optional.of(here);
            standing.pauseFirst = true;
            return true;
        }
        standing.stay = Optional.empty();
        if (failure.elsewhere() == Elsewhere.YES) {
            if (othersLeft) {
                return true;
            }
            if (routed.rule() == Rule.STRATEGY && mayChangeModel(failure, routed.route())) {
                standing.rule = Rule.FALLBACK_MODELS;
                return true;
            }
            standing.pauseFirst = true;
            return true;
        }
        return otherModel(failure, journey, standing, routed);
    }

    /** After a failure that only another model may cure, and that the route has a rule for. */
    private static boolean otherModel(FailureClass failure, Journey journey, Standing standing, Routed routed) {
        Route route = routed.route();
        Rule rule = switch (failure) {
            case CONTEXT_LENGTH ->
                route.contextWindowFallbacks().isEmpty() ? Rule.FALLBACK_MODELS : Rule.CONTEXT_WINDOW;
            case CONTENT_FILTER_INPUT, CONTENT_FILTER_OUTPUT -> Rule.CONTENT_FILTER;
            default -> Rule.FALLBACK_MODELS;
        };
        List<Route.FallbackModel> models = switch (rule) {
            case STRATEGY -> List.of();
            case FALLBACK_MODELS -> route.fallbackModels();
            case CONTEXT_WINDOW -> route.contextWindowFallbacks();
            case CONTENT_FILTER -> route.contentFilterFallbacks();
        };
        boolean left = routed.rule() != rule || routed.candidates().stream().filter(Candidate::fit)
                .anyMatch(candidate -> !standing.tried.contains(candidate.deployment().name()));
        if (failure.otherModel() == OtherModel.NO || models.isEmpty() || !left) {
            return false;
        }
        standing.rule = rule;
        journey.keepTo(rule);
        return true;
    }

    /** A route that lists fallback models allows them; for mere lack of capacity only those that take overflow. */
    private static boolean mayChangeModel(FailureClass failure, Route route) {
        return switch (failure.otherModel()) {
            case NO -> false;
            case YES -> !route.fallbackModels().isEmpty();
            case BY_POLICY -> route.fallbackModels().stream().anyMatch(model -> model.overflow() > 0);
        };
    }
}
