package dev.signalbox.simulator.http;

import dev.signalbox.simulator.fault.FaultPlan;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.Bill;
import dev.signalbox.simulator.meter.CallLog;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** What all vendors of one simulator share. The event loop's. */
final class SharedState {
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    private final LongSupplier nanoTime;
    private final LongSupplier wallMillis;
    private final long originNanos;
    private final long seed;
    private final CallLog log;
    private final Collection<SimulatedVendor> vendors;
    private FaultPlan faults;
    private long startMillis;
    private long requests;
    private long answers;

    SharedState(LongSupplier nanoTime, LongSupplier wallMillis, long seed, CallLog log,
            Collection<SimulatedVendor> vendors, List<FaultRule> rules) {
        this.nanoTime = nanoTime;
        this.wallMillis = wallMillis;
        this.seed = seed;
        this.log = log;
        this.vendors = vendors;
        originNanos = nanoTime.getAsLong();
        faults = new FaultPlan(rules, seed);
    }

    /** Monotonic, since this simulator was made. */
    long nowMillis() {
        return (nanoTime.getAsLong() - originNanos) / 1_000_000;
    }

    long wallMillis() {
        return wallMillis.getAsLong();
    }

    /** When fault times began to count, in {@link #nowMillis}. */
    long startMillis() {
        return startMillis;
    }

    CallLog log() {
        return log;
    }

    FaultPlan faults() {
        return faults;
    }

    void setFaults(List<FaultRule> rules) {
        faults = new FaultPlan(rules, seed);
    }

    List<CallRecord> calls() {
        return log.calls(nanoTime.getAsLong());
    }

    Map<String, Bill> bills() {
        return log.bills();
    }

    List<MeterReading> meters() {
        List<MeterReading> readings = new ArrayList<>();
        vendors.forEach(vendor -> readings.addAll(vendor.readings(nowMillis())));
        return readings;
    }

    void reset() {
        log.reset();
        vendors.forEach(SimulatedVendor::reset);
        setFaults(faults.rules());
        startMillis = nowMillis();
    }

    long nextAnswer() {
        return ++answers;
    }

    /** As OpenAI's: {@code req_} and 32 hexadecimal digits. */
    String vendorRequestId() {
        char[] id = new char[36];
        "req_".getChars(0, 4, id, 0);
        hex(originNanos * 0x9E3779B97F4A7C15L, id, 4);
        hex(++requests, id, 20);
        return new String(id);
    }

    private static void hex(long value, char[] into, int offset) {
        for (int i = 0; i < 16; i++) {
            into[offset + i] = HEX[(int) (value >>> (60 - 4 * i)) & 15];
        }
    }
}
