package dev.signalbox.system.scenario;

import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.StreamPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * A fault at the first vendor of a route, who else may serve it, and the bar of the right behaviour. That an answer is
 * whole, and that reply and vendors' log tell the same of calls, vendor and usage, is judged of all alike.
 */
enum Scenario {
    S01("429 with Retry-After 2, once", "rate_limit,retry_after=2,times=1", Others.TWIN,
            (seen, shortfalls) -> seen.pause().filter(pause -> pause.toMillis() < 1_800)
                    .ifPresent(pause -> shortfalls.add("called again after " + pause.toMillis() + " ms"))),
    S01_ALONE("the same, nobody else", "rate_limit,retry_after=2,times=1", Others.NOBODY, (seen, shortfalls) -> {
        if (seen.pause().isEmpty() || seen.pause().get().toMillis() < 1_800) {
            shortfalls.add("waited " + seen.pause());
        }
        within(seen, Duration.ofSeconds(4), shortfalls);
    }),
    S02("429 persistent", "rate_limit", Others.TWIN, (seen, shortfalls) -> {
        atMostSick(seen, 4, shortfalls);
        within(seen, Duration.ofSeconds(5), shortfalls);
    }),
    S03("500 once", "server_error,times=1", Others.TWIN, (seen, shortfalls) -> {
        if (seen.sick().size() != 2 || seen.calls().size() != 2) {
            shortfalls.add(seen.sick().size() + " calls at the same vendor and " + seen.twin().size()
                    + " at the other, not 2 and 0");
        }
    }),
    S04("503 persistent", "overloaded", Others.TWIN, (seen, shortfalls) -> {
        atMostSick(seen, 2, shortfalls);
        within(seen, Duration.ofSeconds(4), shortfalls);
    }),
    S04_ACROSS("the same, other family left", "overloaded", Others.TWIN_OF_OTHER_FAMILY, (seen, shortfalls) -> {
        atMostSick(seen, 2, shortfalls);
        within(seen, Duration.ofSeconds(4), shortfalls);
    }),
    S05("reset before headers", "reset,times=1", Others.TWIN,
            (seen, shortfalls) -> within(seen, Duration.ofSeconds(4), shortfalls)),
    S06("accepts, then silent", "silent:%s", Others.TWIN, (seen, shortfalls) -> {
        atMostSick(seen, 1, shortfalls);
        within(seen, seen.callLimit().plusSeconds(1), shortfalls);
    }),
    S07("first token too late", "first_token:%s", Others.TWIN, (seen, shortfalls) -> {
        atMostSick(seen, 1, shortfalls);
        within(seen, seen.callLimit().plusSeconds(2), shortfalls);
    }),
    S08("cut after 40 of 60 tokens", "cut:40", Others.TWIN_THAT_MAY_CONTINUE,
            (seen, shortfalls) -> CutStreams.judge(seen, 40, Duration.ofSeconds(5), shortfalls)),
    S08_RESET("the same by a reset", "cut:40:rst", Others.TWIN_THAT_MAY_CONTINUE,
            (seen, shortfalls) -> CutStreams.judge(seen, 40, Duration.ofSeconds(5), shortfalls)),
    S08_ACROSS("the same, other family left", "cut:40", Others.TWIN_OF_OTHER_FAMILY_THAT_MAY_CONTINUE,
            (seen, shortfalls) -> CutStreams.judge(seen, 40, Duration.ofSeconds(5), shortfalls)),
    S09("stalls after 20 tokens", "stall:20:%s", Others.TWIN_THAT_MAY_CONTINUE,
            (seen, shortfalls) -> CutStreams.judge(seen, 20, seen.callLimit().plusSeconds(3), shortfalls)),
    S09_PINGS("the same, with signs of life", "stall:20:%s:100ms", Others.TWIN_THAT_MAY_CONTINUE,
            (seen, shortfalls) -> CutStreams.judge(seen, 20, seen.callLimit().plusSeconds(3), shortfalls)),
    S10("malformed chunk", "malformed:10", Others.TWIN,
            (seen, shortfalls) -> within(seen, Duration.ofSeconds(4), shortfalls)),
    S11("no end marker", "no_done", Others.TWIN,
            (seen, shortfalls) -> within(seen, Duration.ofMillis(1_500), shortfalls)),
    S12("400 context length", "context_length", Others.TWIN_AND_LARGER_WINDOW, (seen, shortfalls) -> {
        atMostSick(seen, 1, shortfalls);
        if (!seen.twin().isEmpty()) {
            shortfalls.add("the same model was called elsewhere");
        }
        servedByOtherModel(seen, shortfalls);
    }),
    S13("400 content filter", "content_filter", Others.TWIN, (seen, shortfalls) -> {
        if (seen.calls().size() != 1) {
            shortfalls.add(seen.calls().size() + " calls, not 1");
        }
        String code = seen.reply().orElseThrow().getError().getCode();
        if (!code.startsWith("CONTENT_FILTER")) {
            shortfalls.add("the reason given is " + code);
        }
    }),
    S13_ALLOWED("the same, rule lets another", "content_filter", Others.UNFILTERED, (seen, shortfalls) -> {
        atMostSick(seen, 1, shortfalls);
        servedByOtherModel(seen, shortfalls);
    }),
    S14("cut, then prefill refused", "cut:40", Others.TWIN_THAT_REFUSES_TO_CONTINUE,
            (seen, shortfalls) -> CutStreams.judge(seen, 40, Duration.ofSeconds(5), shortfalls)),
    S16("503, then fallback model", "overloaded", Others.FALLBACK_MODEL, (seen, shortfalls) -> {
        atMostSick(seen, 2, shortfalls);
        servedByOtherModel(seen, shortfalls);
    });

    /** Who else may serve the request. */
    enum Others {
        NOBODY,
        /** The same model at a healthy vendor. */
        TWIN,
        TWIN_OF_OTHER_FAMILY,
        /** One that goes on from a text where its family can. */
        TWIN_THAT_MAY_CONTINUE,
        TWIN_OF_OTHER_FAMILY_THAT_MAY_CONTINUE,
        /** One that is said to go on from a text and does not. */
        TWIN_THAT_REFUSES_TO_CONTINUE,
        TWIN_AND_LARGER_WINDOW,
        /** Another model, where a content filter refused. */
        UNFILTERED,
        /** Another model, where no deployment can serve. */
        FALLBACK_MODEL
    }

    final String what;
    final String fault;
    final Others others;
    private final BiConsumer<Observation, List<String>> bar;

    Scenario(String what, String fault, Others others, BiConsumer<Observation, List<String>> bar) {
        this.what = what;
        this.fault = fault;
        this.others = others;
        this.bar = bar;
    }

    /** Whether an honest error is the right behaviour. */
    boolean refused(StreamPolicy policy) {
        return this == S13 || (isOfStreams() && this != S07 && policy == StreamPolicy.FAIL);
    }

    /** Whether it is about streams that begin, or should: then it is tried under every stream policy, streamed only. */
    boolean isOfStreams() {
        return switch (this) {
            case S07, S08, S08_RESET, S08_ACROSS, S09, S09_PINGS, S14 -> true;
            default -> false;
        };
    }

    /** What of this run misses the bar. */
    List<String> shortfalls(Observation seen) {
        List<String> found = new ArrayList<>();
        bar.accept(seen, found);
        return found;
    }

    static void atMostSick(Observation seen, int most, List<String> shortfalls) {
        if (seen.sick().size() > most) {
            shortfalls.add(seen.sick().size() + " calls at the sick vendor, at most " + most);
        }
    }

    static void within(Observation seen, Duration most, List<String> shortfalls) {
        if (seen.elapsed().compareTo(most) > 0) {
            shortfalls.add("took " + seen.elapsed().toMillis() + " ms, at most " + most.toMillis());
        }
    }

    private static void servedByOtherModel(Observation seen, List<String> shortfalls) {
        LlmReply reply = seen.reply().orElseThrow();
        if (reply.getServedBy() == null || !reply.getServedBy().getModel().startsWith(Bench.OTHER)
                || reply.getServedBy().getVendorModel() == null
                || !reply.getServedBy().getVendorModel().startsWith(Bench.OTHER)) {
            shortfalls.add("the reply names " + reply.getServedBy() + " as the server");
        }
        if (seen.otherModel().size() != 1) {
            shortfalls.add("the other model was called " + seen.otherModel().size() + " times");
        }
    }
}
