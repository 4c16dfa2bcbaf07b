package dev.signalbox.simulator.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.signalbox.simulator.fault.FaultPlanForm;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.language.HttpAnswer;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import dev.signalbox.simulator.meter.CallRecord;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the endpoint {@code /_simulator} answers. The event loop's. */
final class Admin {
    static final String PATH = "/_simulator/";
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();
    private static final TypeReference<List<FaultPlanForm>> RULES = new TypeReference<>() {
    };

    private final SharedState state;

    Admin(SharedState state) {
        this.state = state;
    }

    /** @param query parameters of {@code log}: {@code vendor}, {@code model}, {@code request_id} */
    HttpAnswer answer(String method, String path, Map<String, String> query, byte[] body) {
        try {
            return switch (method + " " + path.substring(PATH.length())) {
                case "GET ready" -> json(200, Map.of("ready", true));
                case "GET meters" -> json(200, state.meters());
                case "GET bill" -> json(200, state.bills());
                case "GET log" -> json(200, state.calls().stream().filter(call -> matches(call, query)).toList());
                case "GET faults" -> faults();
                case "PUT faults" -> {
                    state.setFaults(rules(body));
                    yield faults();
                }
                case "POST faults" -> {
                    List<FaultRule> more = new ArrayList<>(state.faults().rules());
                    more.addAll(rules(body));
                    state.setFaults(more);
                    yield faults();
                }
                case "DELETE faults" -> {
                    state.setFaults(List.of());
                    yield faults();
                }
                case "POST reset" -> {
                    state.reset();
                    yield json(200, Map.of("reset", true));
                }
                default ->
                    json(404, Map.of("error", "there are GET ready, GET meters, GET bill, GET log, GET|PUT|POST|DELETE "
                            + "faults and POST reset under " + PATH));
            };
        } catch (IOException e) {
            return json(400, Map.of("error", String.valueOf(e.getMessage())));
        }
    }

    private HttpAnswer faults() {
        return json(200, state.faults().rules().stream().map(rule -> Map.of("vendor", rule.vendor(), "model",
                rule.model(), "from_millis", rule.fromMillis(), "until_millis", rule.untilMillis(), "first_call",
                rule.firstCall(), "last_call", rule.lastCall(), "each", rule.eachRequest(), "probability",
                rule.probability(), "fault", rule.fault().toString())).toList());
    }

    private static List<FaultRule> rules(byte[] body) throws IOException {
        return JSON.readValue(body, RULES).stream().map(FaultPlanForm::toRule).toList();
    }

    private static boolean matches(CallRecord call, Map<String, String> query) {
        return is(query.get("vendor"), call.vendor()) && is(query.get("model"), call.model())
                && is(query.get("request_id"), call.requestId());
    }

    private static boolean is(@Nullable String wanted, String value) {
        return wanted == null || wanted.equals(value);
    }

    static byte[] line(CallRecord call) {
        return (text(call) + "\n").getBytes(UTF_8);
    }

    private static HttpAnswer json(int status, Object value) {
        return new HttpAnswer(status, List.of(new Header("content-type", "application/json")),
                text(value).getBytes(UTF_8));
    }

    private static String text(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record that is no JSON: " + value.getClass(), e);
        }
    }
}
