package dev.signalbox.simulator.fault;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A rule of a fault plan as JSON or YAML. Either {@code fault} (text as in a model's name) or {@code status} with
 * {@code headers} and {@code body} says what happens. A wrong one fails where it is read, so that the reader can name
 * the place.
 *
 * @param vendor {@code *} for all, the default
 * @param model {@code *} for all, the default
 * @param from {@code 10s} since start or reset
 * @param until exclusive
 * @param nth {@code 3} or {@code 3-5}
 * @param times only the first so many calls
 * @param each only the first so many calls of each request id
 * @param probability 0 to 1
 */
public record FaultPlanForm(@Nullable String vendor, @Nullable String model, @Nullable String fault,
        @Nullable Integer status, @Nullable Map<String, String> headers, @Nullable String body, @Nullable String from,
        @Nullable String until, @Nullable String nth, @Nullable Integer times, @Nullable Integer each,
        @Nullable Double probability, @JsonProperty("retry_after") @Nullable Double retryAfter) {
    public FaultPlanForm {
        rule(vendor, model, fault, status, headers, body, from, until, nth, times, each, probability, retryAfter);
    }

    public FaultRule toRule() {
        return rule(vendor, model, fault, status, headers, body, from, until, nth, times, each, probability,
                retryAfter);
    }

    private static FaultRule rule(@Nullable String vendor, @Nullable String model, @Nullable String fault,
            @Nullable Integer status, @Nullable Map<String, String> headers, @Nullable String body,
            @Nullable String from, @Nullable String until, @Nullable String nth, @Nullable Integer times,
            @Nullable Integer each, @Nullable Double probability, @Nullable Double retryAfter) {
        if ((fault == null) == (status == null)) {
            throw new IllegalArgumentException("a fault needs either 'fault' or 'status'");
        }
        StringBuilder text = new StringBuilder(fault != null ? fault : "status:" + status);
        add(text, "from", from);
        add(text, "until", until);
        add(text, "nth", nth);
        add(text, "times", times);
        add(text, "each", each);
        add(text, "p", probability);
        add(text, "retry_after", retryAfter);
        FaultRule rule = FaultSyntax.parse(vendor == null ? "*" : vendor, model == null ? "*" : model,
                text.toString());
        if (headers == null && body == null) {
            return rule;
        }
        if (status == null) {
            throw new IllegalArgumentException("'headers' and 'body' go with 'status'");
        }
        return new FaultRule(rule.vendor(), rule.model(), rule.fromMillis(), rule.untilMillis(), rule.firstCall(),
                rule.lastCall(), rule.eachRequest(), rule.probability(),
                new Fault.Response(status, headers == null ? Map.of() : headers, body == null ? "" : body));
    }

    private static void add(StringBuilder text, String key, @Nullable Object value) {
        if (value != null) {
            text.append(',').append(key).append('=').append(value);
        }
    }
}
