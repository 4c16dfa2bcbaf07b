package dev.signalbox.simulator.fault;

/**
 * Which calls a fault befalls. A rule looks at calls that match its names and its time; the n-th of those is number n.
 *
 * @param vendor vendor name, {@code *} stands for any characters
 * @param model model name as the request has it, {@code *} stands for any characters
 * @param fromMillis since the simulator's start or last reset
 * @param untilMillis exclusive; {@link Long#MAX_VALUE}: for ever
 * @param firstCall number of the first call it befalls, from 1
 * @param lastCall number of the last one; {@link Long#MAX_VALUE}: all
 * @param eachRequest if above 0, only the first so many calls of each request id; calls without an id share one count
 * @param probability 0 to 1
 */
public record FaultRule(String vendor, String model, long fromMillis, long untilMillis, long firstCall, long lastCall,
        int eachRequest, double probability, Fault fault) {
    public FaultRule {
        if (fromMillis < 0 || untilMillis < fromMillis || firstCall < 1 || lastCall < firstCall || eachRequest < 0) {
            throw new IllegalArgumentException("a fault's span ends before it starts, or starts before the beginning");
        }
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException("probability " + probability + " is not within 0 to 1");
        }
    }

    /** Always, to every call of that vendor and model. */
    public static FaultRule always(String vendor, String model, Fault fault) {
        return new FaultRule(vendor, model, 0, Long.MAX_VALUE, 1, Long.MAX_VALUE, 0, 1, fault);
    }

    /**
     * @param text such as {@code cut:40,times=1}; see {@link FaultSyntax}
     * @throws IllegalArgumentException in words fit for the operator who wrote it
     */
    public static FaultRule parse(String vendor, String model, String text) {
        return FaultSyntax.parse(vendor, model, text);
    }

    public FaultRule between(long fromMillis, long untilMillis) {
        return new FaultRule(vendor, model, fromMillis, untilMillis, firstCall, lastCall, eachRequest, probability,
                fault);
    }

    boolean matches(String calledVendor, String calledModel, long nowMillis) {
        return nowMillis >= fromMillis && nowMillis < untilMillis && Wildcard.matches(vendor, calledVendor)
                && Wildcard.matches(model, calledModel);
    }
}
