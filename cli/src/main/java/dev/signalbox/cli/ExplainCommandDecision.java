package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Route;
import dev.signalbox.config.Route.FallbackModel;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.TokenUsage;
import dev.signalbox.workers.QueryReader;
import dev.signalbox.workers.reply.Pricing;
import dev.signalbox.workers.router.Candidate;
import dev.signalbox.workers.router.Explanation;
import dev.signalbox.workers.router.RouteDecision;
import dev.signalbox.workers.router.RoutingQuery;
import dev.signalbox.workers.vendor.BodyNeeds;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What a worker that has just started would do with a request: its decision, and what would become of it.
 *
 * @param inputTokens estimate
 * @param outputTokens estimate: what the body allows, at most {@value #USUAL_OUTPUT_TOKENS}
 * @param fallbacks by the rule's key in the configuration, each model and what would serve it
 */
record ExplainCommandDecision(LlmRequest request, Lane lane, Duration timeToLive, RouteDecision decision,
        Optional<Route> route, long inputTokens, long outputTokens, Map<String, Map<String, RouteDecision>> fallbacks,
        Pricing pricing, String currency, Instant now, FleetState fleet) {
    private static final int USUAL_OUTPUT_TOKENS = 300;

    /** Its own decision, without what else would become of the request. */
    Map<String, Object> decided() {
        return document(decision);
    }

    /** @param fleet what it has told; {@link FleetState#UNKNOWN}: by configuration alone */
    static ExplainCommandDecision of(Configuration configuration, LlmRequest request, Lane lane, Duration timeToLive,
            Instant now, FleetState fleet) {
        Explanation.Fleet known = fleet.explained(configuration);
        RoutingQuery query = new QueryReader(configuration, now::toEpochMilli).query(lane.pool(), request);
        BodyNeeds needs = BodyNeeds.of(request.getBodyFormat(), request.getBody());
        Optional<Route> route = configuration.route(request.getModel(), request.getUseCase());
        Map<String, Map<String, RouteDecision>> fallbacks = new LinkedHashMap<>();
        route.ifPresent(found -> {
            fallbacks.put("fallback_models", decide(configuration, known, query, found.fallbackModels()));
            fallbacks.put("on_context_window", decide(configuration, known, query, found.contextWindowFallbacks()));
            fallbacks.put("on_content_filter", decide(configuration, known, query, found.contentFilterFallbacks()));
        });
        fallbacks.values().removeIf(Map::isEmpty);
        return new ExplainCommandDecision(request, lane, timeToLive,
                Explanation.of(configuration, query, known).decision(), route, needs.inputTokens(),
                Math.min(needs.maxOutputTokens().orElse(USUAL_OUTPUT_TOKENS), USUAL_OUTPUT_TOKENS), fallbacks,
                new Pricing(configuration.prices()), configuration.prices().currency(), now, fleet);
    }

    private static Map<String, RouteDecision> decide(Configuration configuration, Explanation.Fleet known,
            RoutingQuery query, List<FallbackModel> models) {
        Map<String, RouteDecision> decisions = new LinkedHashMap<>();
        for (FallbackModel model : models) {
            decisions.put(model.model(), Explanation.of(configuration, new RoutingQuery(query.pool(), model.model(),
                    query.useCase(), query.allow(), query.needs(), query.day(), query.key()), known).decision());
        }
        return decisions;
    }

    boolean isServed() {
        return decision instanceof RouteDecision.Routed;
    }

    /** Whether all that could serve it are ejected. */
    boolean isShut() {
        return isServed() && decision.candidates().stream().filter(Candidate::fit)
                .allMatch(candidate -> candidate.standing() == Candidate.Standing.EJECTED);
    }

    private static String standing(Candidate candidate) {
        return candidate.fit() ? candidate.standing().name().toLowerCase(Locale.ROOT) : "unfit";
    }

    private Optional<BigDecimal> cost(Candidate candidate) {
        TokenUsage usage = new TokenUsage();
        usage.setInputTokens(inputTokens);
        usage.setOutputTokens(outputTokens);
        return pricing.cost(candidate.deployment().name(), usage,
                java.time.LocalDate.ofInstant(now, java.time.ZoneOffset.UTC)).map(BigDecimal::stripTrailingZeros);
    }

    private List<String> head() {
        List<String> lines = new ArrayList<>();
        lines.add("request   " + request.getId() + ", model " + request.getModel() + ", use case "
                + request.getUseCase() + ", tenant " + request.getTenant());
        lines.add("goes to   pool " + lane.pool() + ", priority " + lane.priority().label() + ", topic "
                + lane.requestTopic() + "; time to live " + timeToLive.toSeconds() + " s");
        lines.add("estimate  " + inputTokens + " tokens in, " + outputTokens + " out");
        switch (decision) {
            case RouteDecision.Routed routed -> lines.add("decision  route " + routed.route().name() + ", "
                    + routed.strategy() + ": " + Explanation.reason(routed, routed.candidates().getFirst()));
            case RouteDecision.Unroutable unroutable -> lines.add("decision  " + unroutable.code() + ": "
                    + unroutable.message());
        }
        fallbacks.forEach((rule, models) -> models.forEach((model, other) -> lines.add(rule + "  " + model + ": "
                + String.join(", ", other.candidates().stream().map(candidate -> candidate.deployment().name()
                        + (candidate.fit() ? "" : " (unfit: " + candidate.why().orElse("") + ")")).toList()))));
        return lines;
    }

    void print(PrintStream out) {
        head().forEach(out::println);
        out.println();
        Rows rows = new Rows("order", "deployment", "standing", "score", "cost", "why");
        int place = 0;
        for (Candidate candidate : decision.candidates()) {
            rows.add(candidate.fit() ? Integer.toString(++place) : "-", candidate.deployment().name().toString(),
                    standing(candidate), String.format(Locale.ROOT, "%.6g", candidate.score()),
                    cost(candidate).map(cost -> cost.toPlainString() + " " + currency).orElse("unknown"),
                    candidate.why().orElse(""));
        }
        rows.print(Rows.Form.TABLE, out);
        if (fleet.equals(FleetState.UNKNOWN)) {
            out.println("by configuration alone: a worker also knows health, latency and load of its deployments");
            return;
        }
        decision.candidates().forEach(candidate -> fleet.told(candidate.deployment().name())
                .ifPresent(told -> out.println("fleet     " + candidate.deployment().name() + " " + told)));
        out.println("by configuration and the fleet's view: a worker also knows what it sees itself");
    }

    Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("request_id", request.getId());
        document.put("model", request.getModel());
        document.put("use_case", request.getUseCase());
        document.put("tenant", request.getTenant());
        document.put("pool", lane.pool().value());
        document.put("priority", lane.priority().label());
        document.put("topic", lane.requestTopic());
        document.put("time_to_live_ms", timeToLive.toMillis());
        document.put("estimated_input_tokens", inputTokens);
        document.put("estimated_output_tokens", outputTokens);
        document.put("decision", document(decision));
        Map<String, Object> others = new LinkedHashMap<>();
        fallbacks.forEach((rule, models) -> {
            List<Object> list = new ArrayList<>();
            models.forEach((model, other) -> {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("model", model);
                entry.put("decision", document(other));
                list.add(entry);
            });
            others.put(rule, list);
        });
        document.put("fallbacks", others);
        return document;
    }

    private Map<String, Object> document(RouteDecision of) {
        Map<String, Object> entry = new LinkedHashMap<>();
        switch (of) {
            case RouteDecision.Routed routed -> {
                entry.put("route", routed.route().name());
                entry.put("strategy", routed.strategy());
                entry.put("rule", routed.rule().name().toLowerCase(Locale.ROOT));
                entry.put("reason", Explanation.reason(routed, routed.candidates().getFirst()));
            }
            case RouteDecision.Unroutable unroutable -> {
                entry.put("code", unroutable.code());
                entry.put("message", unroutable.message());
            }
        }
        List<Object> candidates = new ArrayList<>();
        for (Candidate candidate : of.candidates()) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("deployment", candidate.deployment().name().toString());
            row.put("fit", candidate.fit());
            row.put("standing", standing(candidate));
            row.put("score", candidate.score());
            cost(candidate).ifPresent(cost -> row.put("estimated_cost", cost));
            candidate.why().ifPresent(why -> row.put("why", why));
            fleet.told(candidate.deployment().name()).ifPresent(told -> row.put("fleet", told));
            candidate.change().ifPresent(change -> row.put("model", change.model()));
            candidates.add(row);
        }
        entry.put("candidates", candidates);
        return entry;
    }
}
