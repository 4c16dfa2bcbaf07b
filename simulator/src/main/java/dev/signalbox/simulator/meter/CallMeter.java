package dev.signalbox.simulator.meter;

/** Counts the calls of one model or one vendor. Not thread-safe; times are monotonic ms and must not go back. */
public final class CallMeter {
    private final String vendor;
    private final String model;
    private final SlidingWindow requests = new SlidingWindow();
    private final SlidingWindow input = new SlidingWindow();
    private final SlidingWindow output = new SlidingWindow();
    private final SlidingWindow tokens = new SlidingWindow();
    private int callsNow;
    private int callsMax;
    private long calls;
    private long refused;
    private long inputTokens;
    private long outputTokens;

    /** @param callsRunning already: what a meter that replaces another starts from */
    public CallMeter(String vendor, String model, int callsRunning) {
        this.vendor = vendor;
        this.model = model;
        callsNow = callsRunning;
        callsMax = callsRunning;
    }

    public void arrived(long nowMillis, int promptTokens) {
        callsNow++;
        callsMax = Math.max(callsMax, callsNow);
        calls++;
        inputTokens += promptTokens;
        requests.add(nowMillis, 1);
        input.add(nowMillis, promptTokens);
        tokens.add(nowMillis, promptTokens);
    }

    public void refused() {
        refused++;
    }

    public void sent(long nowMillis, int answerTokens) {
        outputTokens += answerTokens;
        output.add(nowMillis, answerTokens);
        tokens.add(nowMillis, answerTokens);
    }

    public void ended() {
        callsNow--;
    }

    public int callsNow() {
        return callsNow;
    }

    public MeterReading reading(long nowMillis) {
        return new MeterReading(vendor, model, callsNow, callsMax, calls, refused, inputTokens, outputTokens,
                requests.sum(nowMillis), requests.max(), input.max(), output.max(), tokens.sum(nowMillis),
                tokens.max());
    }
}
