package dev.signalbox.system.capacity;

import dev.signalbox.schemas.Amounts;
import java.util.ArrayDeque;

/** What the vendor counts: calls that run, and what began within the last 60 s. */
final class VendorMeter {
    private static final long MINUTE_MILLIS = 60_000;

    private final ArrayDeque<Began> minute = new ArrayDeque<>();
    private long running;
    private long requests;
    private long inputTokens;
    private long outputTokens;

    private record Began(long atMillis, Amounts need) {
    }

    void begins(Amounts need, long nowMillis) {
        running++;
        requests++;
        inputTokens += need.inputTokens();
        outputTokens += need.outputTokens();
        minute.add(new Began(nowMillis, need));
    }

    void ends() {
        running--;
    }

    Amounts counts(long nowMillis) {
        while (!minute.isEmpty() && nowMillis - minute.element().atMillis() >= MINUTE_MILLIS) {
            requests--;
            Amounts passed = minute.remove().need();
            inputTokens -= passed.inputTokens();
            outputTokens -= passed.outputTokens();
        }
        return new Amounts(running, requests, inputTokens, outputTokens);
    }
}
