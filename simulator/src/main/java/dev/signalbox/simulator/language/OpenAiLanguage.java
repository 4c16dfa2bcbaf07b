package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.fault.FaultSyntax;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.meter.Limiter;
import dev.signalbox.simulator.meter.Limiter.Bound;
import dev.signalbox.simulator.meter.Limiter.Standing;
import dev.signalbox.simulator.profile.Limits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** OpenAI Chat Completions. */
public final class OpenAiLanguage implements VendorLanguage {
    private static final Header ORGANIZATION = new Header("openai-organization", "org-simulated");
    private static final Header VERSION = new Header("openai-version", "2020-10-01");
    private static final long MODELS_CREATED = 1_735_689_600;

    private static final String ID_PREFIX = "Sim00000000000000000000000000";

    private final OpenAiErrors errors = new OpenAiErrors();

    @Override
    public List<String> paths(Operation operation) {
        return switch (operation) {
            case CALL -> List.of("/v1/chat/completions", "/chat/completions");
            case MODELS -> List.of("/v1/models", "/models");
        };
    }

    @Override
    public String credential(UnaryOperator<String> header) {
        String value = header.apply("authorization");
        return value.regionMatches(true, 0, "Bearer ", 0, 7) ? value.substring(7).strip() : "";
    }

    @Override
    public Reading read(UnaryOperator<String> header, byte[] body) {
        return new OpenAiReader(body).read();
    }

    @Override
    public List<Header> headers(String vendorRequestId, double processingMillis, Optional<Limiter> limiter,
            Moment now) {
        List<Header> headers = new ArrayList<>(10);
        headers.add(new Header("x-request-id", vendorRequestId));
        headers.add(new Header("openai-processing-ms", Long.toString((long) processingMillis)));
        headers.add(ORGANIZATION);
        headers.add(VERSION);
        limiter.ifPresent(limits -> {
            standing("requests", limits.standing(Bound.REQUESTS, now.monotonicMillis()), headers);
            standing("tokens", limits.standing(Bound.TOKENS, now.monotonicMillis()), headers);
        });
        return headers;
    }

    private static void standing(String what, Standing standing, List<Header> headers) {
        if (standing.limit() != Limits.UNLIMITED) {
            headers.add(new Header("x-ratelimit-limit-" + what, Integer.toString(standing.limit())));
            headers.add(new Header("x-ratelimit-remaining-" + what, Long.toString(standing.remaining())));
            headers.add(new Header("x-ratelimit-reset-" + what,
                    OpenAiErrors.duration((double) standing.fullAgainMillis())));
        }
    }

    @Override
    public Rendering rendering(CallRequest request, Answer answer, CallIds ids) {
        return new OpenAiRendering(request, answer, errors, Json.bytes(FaultSyntax.baseModel(request.model())),
                id(ids.number()), ids.createdSeconds());
    }

    /** 29 characters, as OpenAI's are. */
    private static String id(long number) {
        String digits = Long.toString(number, 36);
        return ID_PREFIX.substring(0, ID_PREFIX.length() - digits.length()) + digits;
    }

    @Override
    public HttpAnswer error(ErrorKind kind, ErrorDetail detail, String vendorRequestId) {
        return errors.answer(kind, detail);
    }

    @Override
    public HttpAnswer models(Collection<String> models) {
        ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = list.putArray("data");
        models.stream().sorted().forEach(model -> data.addObject().put("id", model).put("object", "model")
                .put("created", MODELS_CREATED).put("owned_by", "simulator"));
        return new HttpAnswer(200, List.of(new Header("content-type", "application/json")),
                list.toString().getBytes(UTF_8));
    }
}
