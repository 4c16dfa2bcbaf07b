package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.meter.Limiter;
import dev.signalbox.simulator.meter.Limiter.Bound;
import dev.signalbox.simulator.meter.Limiter.Standing;
import dev.signalbox.simulator.profile.Limits;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/** Anthropic Messages. */
public final class AnthropicLanguage implements VendorLanguage {
    private static final Header ORGANIZATION = new Header("anthropic-organization-id",
            "00000000-0000-4000-8000-000000000000");
    /** The last one takes no sampling parameters and no documents from the assistant. */
    private static final Set<String> VERSIONS = Set.of("2023-01-01", "2023-06-01", AnthropicChecks.VERSION_2026);

    @Override
    public List<String> paths(Operation operation) {
        return switch (operation) {
            case CALL -> List.of("/v1/messages");
            case MODELS -> List.of("/v1/models");
        };
    }

    @Override
    public String credential(UnaryOperator<String> header) {
        String bearer = header.apply("authorization");
        return bearer.regionMatches(true, 0, "Bearer ", 0, 7)
                ? bearer.substring(7).strip()
                : header.apply("x-api-key").strip();
    }

    @Override
    public Reading read(UnaryOperator<String> header, byte[] body) {
        String version = header.apply("anthropic-version");
        if (VERSIONS.contains(version)) {
            return AnthropicReader.read(body, version);
        }
        return new Refused(ErrorKind.INVALID_REQUEST, version.isEmpty()
                ? "anthropic-version: header is required"
                : "anthropic-version: \"" + version + "\" is not a valid version", "");
    }

    @Override
    public List<Header> headers(String vendorRequestId, double processingMillis, Optional<Limiter> limiter,
            Moment now) {
        List<Header> headers = new ArrayList<>(16);
        headers.add(new Header("request-id", vendorRequestId));
        headers.add(ORGANIZATION);
        limiter.ifPresent(limits -> {
            standing("requests", limits, Bound.REQUESTS, now, headers);
            standing("tokens", limits, Bound.TOKENS, now, headers);
            standing("input-tokens", limits, Bound.INPUT_TOKENS, now, headers);
            standing("output-tokens", limits, Bound.OUTPUT_TOKENS, now, headers);
        });
        return headers;
    }

    /** The reset is a time of day in whole seconds, the next one. */
    private static void standing(String what, Limiter limiter, Bound bound, Moment now, List<Header> headers) {
        Standing standing = limiter.standing(bound, now.monotonicMillis());
        if (standing.limit() != Limits.UNLIMITED) {
            String prefix = "anthropic-ratelimit-" + what;
            long resetMillis = now.wallMillis() + standing.fullAgainMillis();
            headers.add(new Header(prefix + "-limit", Integer.toString(standing.limit())));
            headers.add(new Header(prefix + "-remaining", Long.toString(standing.remaining())));
            headers.add(new Header(prefix + "-reset",
                    Instant.ofEpochSecond(Math.ceilDiv(resetMillis, 1000)).toString()));
        }
    }

    @Override
    public Rendering rendering(CallRequest request, Answer answer, CallIds ids) {
        return new AnthropicRendering(request, answer, ids);
    }

    @Override
    public HttpAnswer error(ErrorKind kind, ErrorDetail detail, String vendorRequestId) {
        return AnthropicErrors.answer(kind, detail, vendorRequestId);
    }

    @Override
    public HttpAnswer models(Collection<String> models) {
        List<String> sorted = models.stream().sorted().toList();
        ObjectNode list = JsonNodeFactory.instance.objectNode();
        ArrayNode data = list.putArray("data");
        sorted.forEach(model -> data.addObject().put("type", "model").put("id", model).put("display_name", model)
                .put("created_at", "2025-01-01T00:00:00Z"));
        list.put("has_more", false).put("first_id", sorted.isEmpty() ? null : sorted.getFirst()).put("last_id",
                sorted.isEmpty() ? null : sorted.getLast());
        return new HttpAnswer(200, List.of(new Header("content-type", "application/json")),
                list.toString().getBytes(UTF_8));
    }
}
