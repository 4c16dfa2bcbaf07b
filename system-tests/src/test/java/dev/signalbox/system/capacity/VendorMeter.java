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

    private record Began(long atMillis, long inputTokens) {
    }

    void begins(Amounts need, long nowMillis) {
        running++;
        requests++;
        inputTokens += need.inputTokens();
        minute.add(new Began(nowMillis, need.inputTokens()));
    }

    void ends() {
        running--;
    }

    Amounts counts(long nowMillis) {
        while (!minute.isEmpty() && nowMillis - minute.element().atMillis() >= MINUTE_MILLIS) {
            requests--;
            inputTokens -= minute.remove().inputTokens();
        }
        return new Amounts(running, requests, inputTokens, 0);
    }
}
