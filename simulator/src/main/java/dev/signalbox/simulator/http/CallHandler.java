package dev.signalbox.simulator.http;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.fault.Fault;
import dev.signalbox.simulator.fault.FaultPlan;
import dev.signalbox.simulator.language.Answer;
import dev.signalbox.simulator.language.CallRequest;
import dev.signalbox.simulator.language.HttpAnswer;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.language.Rendering;
import dev.signalbox.simulator.language.VendorLanguage.CallIds;
import dev.signalbox.simulator.language.VendorLanguage.ErrorDetail;
import dev.signalbox.simulator.language.VendorLanguage.Moment;
import dev.signalbox.simulator.language.VendorLanguage.Refused;
import dev.signalbox.simulator.language.VendorLanguage.Understood;
import dev.signalbox.simulator.meter.CallEntry;
import dev.signalbox.simulator.meter.CallEntry.CallHead;
import dev.signalbox.simulator.meter.CallOutcome;
import dev.signalbox.simulator.meter.Limiter;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.script.Script;
import dev.signalbox.simulator.script.ScriptWriter;
import dev.signalbox.simulator.script.ScriptWriter.Pace;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One call from its last byte to its script: read, count, choose a fault, hold the limits, answer. Faults that keep a
 * request from being served come before the limits and take nothing from them.
 */
final class CallHandler {
    private static final String NOT_JSON = "<!DOCTYPE html>\n<html><body><h1>Welcome</h1></body></html>\n";
    private static final int MAX_ANSWER_TOKENS = 1_000_000;

    private final SharedState state;
    private final Pacer pacer;

    CallHandler(SharedState state, Pacer pacer) {
        this.state = state;
        this.pacer = pacer;
    }

    void handle(SimulatedVendor vendor, HttpServerRequest http, byte[] body) {
        Arrival arrival = new Arrival(vendor, http, state.vendorRequestId(), state.nowMillis());
        Optional<String> key = vendor.profile.apiKey();
        if (key.isPresent() && !key.get().equals(vendor.language.credential(arrival::header))) {
            refuse(arrival, ErrorKind.AUTH, ErrorDetail.of("", 0));
            return;
        }
        switch (vendor.language.read(arrival::header, body)) {
            case Refused refused -> refuse(arrival, refused.kind(),
                    ErrorDetail.of("", 0).withMessage(refused.message(), refused.param()));
            case Understood understood -> understood(arrival, understood.request());
        }
    }

    private record Arrival(SimulatedVendor vendor, HttpServerRequest http, String vendorRequestId, long nowMillis) {
        String header(String name) {
            String value = http.headers().get(name);
            return value == null ? "" : value;
        }

        String requestId() {
            return Stream.of("x-signalbox-request-id", "x-client-request-id", "x-request-id").map(this::header)
                    .filter(id -> !id.isEmpty()).findFirst().orElse("");
        }
    }

    /** Before a model is known: in the log, in no meter. */
    private void refuse(Arrival arrival, ErrorKind kind, ErrorDetail detail) {
        CallEntry entry = arrived(new CallHead(arrival.vendor.profile.name(), detail.model(),
                arrival.requestId(), arrival.vendorRequestId, false, detail.promptTokens()));
        play(arrival, ScriptWriter.error(errorAnswer(arrival, kind, detail), headers(arrival, 0, null)), null,
                new CallProgress(entry, null, null));
    }

    private CallEntry arrived(CallHead head) {
        return state.log().arrived(head, state.wallMillis(), pacer.now());
    }

    private void understood(Arrival arrival, CallRequest request) {
        Optional<SimulatedVendor.Model> found;
        try {
            found = arrival.vendor.model(request.model());
        } catch (IllegalArgumentException e) {
            refuse(arrival, ErrorKind.INVALID_REQUEST,
                    ErrorDetail.of(request.model(), 0).withMessage(String.valueOf(e.getMessage()), "model"));
            return;
        }
        if (found.isEmpty()) {
            refuse(arrival, ErrorKind.MODEL_NOT_FOUND, ErrorDetail.of(request.model(), request.promptTokens()));
            return;
        }
        SimulatedVendor.Model model = found.get();
        String requestId = arrival.requestId();
        CallEntry entry = arrived(new CallHead(arrival.vendor.profile.name(), request.model(), requestId,
                arrival.vendorRequestId, request.streamed(), request.promptTokens()));
        model.arrived(arrival.nowMillis, request.promptTokens());
        Fault fault = fault(arrival, request, model, requestId);
        if (fault != null) {
            entry.befell(fault.toString());
        }
        CallProgress progress = new CallProgress(entry, model, null);
        ErrorDetail detail = ErrorDetail.of(request.model(), request.promptTokens());
        switch (fault) {
            case Fault.VendorError error -> {
                HttpAnswer answer = errorAnswer(arrival, error.kind(), detail.withContextWindow(window(model))
                        .withRetryAfterSeconds(error.retryAfterSeconds()));
                error(arrival, model, progress,
                        error.status() == 0 ? answer : answer.withStatus(error.status()));
            }
            case Fault.StreamError error -> {
                if (request.streamed()) {
                    serve(arrival, request, model, entry, fault);
                } else {
                    error(arrival, model, progress, error.kind(), detail);
                }
            }
            case Fault.RejectPrefill rejected -> error(arrival, model, progress, ErrorKind.INVALID_REQUEST,
                    detail.withMessage("This model does not support assistant message prefill. The conversation must "
                            + "end with a user message.", "messages"));
            case Fault.Response response -> play(arrival,
                    ScriptWriter.error(new HttpAnswer(response.status(), headers(response.headers()),
                            response.body().getBytes(StandardCharsets.UTF_8)), List.of()),
                    null, progress);
            case Fault.NotJson page -> play(arrival,
                    ScriptWriter.error(new HttpAnswer(200, List.of(new Header("content-type", "text/html")),
                            NOT_JSON.getBytes(StandardCharsets.UTF_8)), List.of()),
                    null, progress);
            case Fault.NoAnswer none -> play(arrival, ScriptWriter.silence(0, none.how()), null, progress);
            case Fault.Silent silent -> play(arrival, ScriptWriter.silence(silent.millis(), Fault.Ending.RST), null,
                    progress);
            case null, default -> serve(arrival, request, model, entry, fault);
        }
    }

    private @Nullable Fault fault(Arrival arrival, CallRequest request, SimulatedVendor.Model model,
            String requestId) {
        FaultPlan own = model.ownFaults();
        if (own.isEmpty() && state.faults().isEmpty()) {
            return null;
        }
        String vendor = arrival.vendor.profile.name();
        long since = arrival.nowMillis - state.startMillis();
        Optional<Fault> fault = own.onCall(vendor, request.model(), requestId, since);
        if (fault.isEmpty()) {
            fault = state.faults().onCall(vendor, request.model(), requestId, since);
        }
        return fault.filter(it -> !(it instanceof Fault.RejectPrefill) || request.endsWithAssistant()).orElse(null);
    }

    /** Within context window and limits, an answer. */
    private void serve(Arrival arrival, CallRequest request, SimulatedVendor.Model model, CallEntry entry,
            @Nullable Fault fault) {
        SimulatedVendor vendor = arrival.vendor;
        ModelProfile behaviour = model.behaviour;
        CallProgress progress = new CallProgress(entry, model, null);
        ErrorDetail detail = ErrorDetail.of(request.model(), request.promptTokens());
        if (request.promptTokens() > behaviour.contextWindowTokens()) {
            error(arrival, model, progress, ErrorKind.CONTEXT_LENGTH, detail.withContextWindow(window(model)));
            return;
        }
        RandomGenerator random = model.nextRandom();
        int drawn = Math.clamp(Math.round(behaviour.outputTokens().sample(random)), 1, MAX_ANSWER_TOKENS);
        Answer answer = Answer.to(request, drawn, vendor.cache(request.prefixes()));
        if (fault instanceof Fault.Empty) {
            answer = answer.emptied();
        }
        Limiter limiter = model.limiter();
        if (limiter.admit(arrival.nowMillis, request.promptTokens(),
                answer.tokens()) instanceof Limiter.Exceeded exceeded) {
            model.refused();
            ErrorKind kind = exceeded.neverFits()
                    ? ErrorKind.NEVER_FITS
                    : exceeded.bound() == Limiter.Bound.REQUESTS || exceeded.bound() == Limiter.Bound.CONCURRENCY
                            ? ErrorKind.RATE_LIMIT
                            : ErrorKind.TOKEN_LIMIT;
            error(arrival, model, progress, kind, detail.withExceeded(exceeded));
            return;
        }
        Rendering rendering = vendor.language.rendering(request, answer,
                new CallIds(state.nextAnswer(), arrival.vendorRequestId, state.wallMillis() / 1000));
        Distribution perToken = behaviour.perTokenMillis();
        double firstToken = behaviour.firstTokenMillis().sample(random);
        Pace pace = new Pace(firstToken, () -> perToken.sample(random));
        Script script = ScriptWriter.answer(request.streamed(), answer, rendering,
                headers(arrival, firstToken, limiter), pace, fault);
        if (script.tellsUsage()) {
            entry.tellsUsage();
        }
        play(arrival, script, rendering, new CallProgress(entry, model, limiter));
    }

    private void error(Arrival arrival, SimulatedVendor.Model model, CallProgress progress, ErrorKind kind,
            ErrorDetail detail) {
        error(arrival, model, progress, errorAnswer(arrival, kind, detail));
    }

    private void error(Arrival arrival, SimulatedVendor.Model model, CallProgress progress, HttpAnswer answer) {
        play(arrival, ScriptWriter.error(answer, headers(arrival, 1, model.limiter())), null, progress);
    }

    private static HttpAnswer errorAnswer(Arrival arrival, ErrorKind kind, ErrorDetail detail) {
        return arrival.vendor.language.error(kind, detail, arrival.vendorRequestId);
    }

    private static int window(SimulatedVendor.Model model) {
        int window = model.behaviour.contextWindowTokens();
        return window == Integer.MAX_VALUE ? 0 : window;
    }

    private List<Header> headers(Arrival arrival, double processingMillis, @Nullable Limiter limiter) {
        return arrival.vendor.language.headers(arrival.vendorRequestId, processingMillis, Optional.ofNullable(limiter),
                new Moment(arrival.nowMillis, state.wallMillis()));
    }

    private static List<Header> headers(Map<String, String> headers) {
        return headers.entrySet().stream().map(header -> new Header(header.getKey(), header.getValue())).toList();
    }

    private void play(Arrival arrival, Script script, @Nullable Rendering rendering, CallProgress progress) {
        HttpServerRequest http = arrival.http;
        new ScriptPlayer(script, rendering, http.connection(), http.response(), pacer, progress).start();
    }

    /** Carries what a player does to log, meters and limits. */
    private final class CallProgress implements ScriptPlayer.Progress {
        private final CallEntry entry;
        private final SimulatedVendor.@Nullable Model model;
        private final @Nullable Limiter limiter;

        CallProgress(CallEntry entry, SimulatedVendor.@Nullable Model model, @Nullable Limiter limiter) {
            this.entry = entry;
            this.model = model;
            this.limiter = limiter;
        }

        @Override
        public void answered(int status) {
            entry.answered(status);
        }

        @Override
        public void sent(int tokens) {
            entry.sent(tokens);
            if (model != null) {
                model.sent(state.nowMillis(), tokens);
            }
        }

        @Override
        public void ended(CallOutcome outcome) {
            state.log().ended(entry, outcome, pacer.now());
            if (model != null) {
                model.ended();
            }
            if (limiter != null) {
                limiter.left();
            }
        }
    }
}
