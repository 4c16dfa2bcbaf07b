package dev.signalbox.simulator.fault;

import dev.signalbox.simulator.fault.Fault.Ending;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Faults as text: {@code NAME[:ARGUMENT...][,KEY=VALUE...]}, in a fault plan or at the end of a model's name behind
 * {@value #MARK}, several one behind the other. {@code docs/simulator.md} lists the names.
 *
 * <p>Keys: {@code times=N} (only the first N calls), {@code nth=N} or {@code nth=N-M} (only those calls), {@code each=N}
 * (only the first N calls of each request id), {@code p=0.25} (probability), {@code from=10s} and {@code until=70s}
 * (since start or reset), {@code retry_after=2} (seconds, on error responses).
 */
public final class FaultSyntax {
    /** What separates a model's own name from its faults. */
    public static final String MARK = "@fault=";

    private FaultSyntax() {
    }

    /** The name of the model without its faults. */
    public static String baseModel(String model) {
        int mark = model.indexOf(MARK);
        return mark < 0 ? model : model.substring(0, mark);
    }

    /** The faults in a model's name; they befall that very name. */
    public static List<FaultRule> ofModelName(String vendor, String model) {
        List<FaultRule> rules = new ArrayList<>();
        for (int mark = model.indexOf(MARK); mark >= 0;) {
            int next = model.indexOf(MARK, mark + 1);
            rules.add(parse(vendor, "*", model.substring(mark + MARK.length(), next < 0 ? model.length() : next)));
            mark = next;
        }
        return rules;
    }

    static FaultRule parse(String vendor, String model, String text) {
        String[] words = text.strip().split(",", -1);
        Map<String, String> keys = new HashMap<>();
        for (int i = 1; i < words.length; i++) {
            String[] pair = words[i].split("=", 2);
            if (pair.length < 2 || keys.put(pair[0].strip(), pair[1].strip()) != null) {
                throw bad(text, "'" + words[i] + "' is no KEY=VALUE, or there twice");
            }
        }
        try {
            String retryAfter = keys.remove("retry_after");
            Fault fault = fault(words[0].strip(), retryAfter == null ? -1 : Double.parseDouble(retryAfter));
            FaultRule rule = rule(vendor, model, keys, fault);
            if (!keys.isEmpty()) {
                throw new IllegalArgumentException("unknown key '" + keys.keySet().iterator().next()
                        + "', there are times, nth, each, p, from, until, retry_after");
            }
            return rule;
        } catch (IllegalArgumentException e) {
            throw bad(text, String.valueOf(e.getMessage()));
        }
    }

    private static FaultRule rule(String vendor, String model, Map<String, String> keys, Fault fault) {
        String times = keys.remove("times");
        String nth = keys.remove("nth");
        String each = keys.remove("each");
        String probability = keys.remove("p");
        String from = keys.remove("from");
        String until = keys.remove("until");
        long first = 1;
        long last = times == null ? Long.MAX_VALUE : Long.parseLong(times);
        if (nth != null) {
            String[] span = nth.split("-", 2);
            first = Long.parseLong(span[0]);
            last = Long.parseLong(span[span.length - 1]);
        }
        return new FaultRule(vendor, model, from == null ? 0 : millis(from),
                until == null ? Long.MAX_VALUE : millis(until), first, last, each == null ? 0 : Integer.parseInt(each),
                probability == null ? 1 : Double.parseDouble(probability), fault);
    }

    /**
     * One fault without its conditions.
     *
     * @param text {@code NAME[:ARGUMENT...]}
     * @param retryAfterSeconds for error responses; negative: none
     */
    static Fault fault(String text, double retryAfterSeconds) {
        String[] p = text.split(":", -1);
        return switch (p[0]) {
            case "status" -> status(Integer.parseInt(argument(p, 1)), retryAfterSeconds);
            case "reset", "down" -> new Fault.NoAnswer(Ending.RST);
            case "close" -> new Fault.NoAnswer(Ending.FIN);
            case "silent" -> new Fault.Silent(p.length > 1 ? millis(p[1]) : 120_000);
            case "headers" -> new Fault.LateHeaders(millis(argument(p, 1)));
            case "first_token" -> new Fault.LateFirstToken(millis(argument(p, 1)));
            case "cut" -> new Fault.Cut(tokens(argument(p, 1)),
                    p.length > 2 ? Ending.valueOf(p[2].toUpperCase(Locale.ROOT)) : Ending.FIN);
            case "stall" -> new Fault.Stall(tokens(argument(p, 1)), p.length > 2 ? millis(p[2]) : 30_000,
                    p.length > 3 ? millis(p[3]) : Long.MAX_VALUE);
            case "retry_hint" -> new Fault.RetryHint(millis(argument(p, 1)));
            case "malformed" -> new Fault.Malformed(p.length > 1 ? tokens(p[1]) : 10);
            case "no_done" -> new Fault.NoEndMarker();
            case "no_finish" -> new Fault.NoFinish();
            case "stream_error" -> new Fault.StreamError(p.length > 1 ? tokens(p[1]) : 10,
                    p.length > 2 ? kind(p[2]) : ErrorKind.SERVER_ERROR);
            case "trickle" -> new Fault.Trickle(millis(argument(p, 1)));
            case "content_type" -> new Fault.WrongContentType(p.length > 1 ? p[1] : "text/html");
            case "not_json" -> new Fault.NotJson();
            case "oversized" -> new Fault.Oversized(p.length > 1 ? bytes(p[1]) : 64L << 20);
            case "garbage" -> new Fault.GarbageAfterEnd();
            case "finish" -> new Fault.Finish(argument(p, 1));
            case "empty" -> new Fault.Empty();
            case "reject_prefill" -> new Fault.RejectPrefill();
            default -> new Fault.VendorError(kind(p[0]), 0, retryAfterSeconds);
        };
    }

    private static Fault status(int status, double retryAfterSeconds) {
        ErrorKind usual = switch (status) {
            case 429 -> ErrorKind.RATE_LIMIT;
            case 503 -> ErrorKind.OVERLOADED;
            default -> null;
        };
        for (ErrorKind kind : ErrorKind.values()) {
            usual = usual == null && kind.status() == status ? kind : usual;
        }
        return usual == null
                ? new Fault.Response(status, Map.of("content-type", "text/plain"), "simulated status " + status)
                : new Fault.VendorError(usual, status, retryAfterSeconds);
    }

    private static ErrorKind kind(String text) {
        for (ErrorKind kind : ErrorKind.values()) {
            if (kind.text().equals(text)) {
                return kind;
            }
        }
        throw new IllegalArgumentException("there is no fault '" + text + "'");
    }

    private static String argument(String[] parts, int index) {
        if (index < parts.length) {
            return parts[index];
        }
        throw new IllegalArgumentException("'" + parts[0] + "' needs a value: " + parts[0] + ":VALUE");
    }

    private static int tokens(String text) {
        int tokens = Integer.parseInt(text);
        if (tokens < 0) {
            throw new IllegalArgumentException(text + " tokens");
        }
        return tokens;
    }

    /** Milliseconds of {@code 250ms}, {@code 20s}, {@code 5m}, or of a number of milliseconds. */
    static long millis(String text) {
        if (text.endsWith("ms")) {
            return Long.parseLong(text.substring(0, text.length() - 2));
        }
        if (text.endsWith("s")) {
            return Math.round(Double.parseDouble(text.substring(0, text.length() - 1)) * 1000);
        }
        if (text.endsWith("m")) {
            return Math.round(Double.parseDouble(text.substring(0, text.length() - 1)) * 60_000);
        }
        return Long.parseLong(text);
    }

    private static long bytes(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        int shift = upper.endsWith("MB") ? 20 : upper.endsWith("KB") ? 10 : 0;
        return Long.parseLong(shift == 0 ? upper : upper.substring(0, upper.length() - 2)) << shift;
    }

    private static IllegalArgumentException bad(String text, String why) {
        return new IllegalArgumentException("fault '" + text + "': " + why);
    }
}
