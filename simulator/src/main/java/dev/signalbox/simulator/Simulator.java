package dev.signalbox.simulator;

import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;

/**
 * Simulated vendors on one port, each at its own path prefix. Methods may be called from any thread; what they say is
 * a moment's exact view.
 */
public final class Simulator implements AutoCloseable {
    private Simulator() {
    }

    /** @throws IOException if the port is taken or the log file cannot be written */
    public static Simulator start(SimulatorOptions options) throws IOException {
        throw new UnsupportedOperationException();
    }

    public int port() {
        throw new UnsupportedOperationException();
    }

    /** Where the first vendor answers, up to and without {@code /chat/completions}. */
    public URI baseUrl() {
        throw new UnsupportedOperationException();
    }

    /** Where that vendor answers, up to and without {@code /chat/completions}: {@code http://127.0.0.1:4711/openai/v1}. */
    public URI baseUrl(String vendor) {
        throw new UnsupportedOperationException(vendor);
    }

    /** Replaces the fault plan; its counts start again. Its times go on counting from the start or last reset. */
    public void setFaults(List<FaultRule> rules) {
        throw new UnsupportedOperationException();
    }

    /** The calls that the log remembers, in order of arrival, running ones included. */
    public List<CallRecord> calls() {
        throw new UnsupportedOperationException();
    }

    /** The calls of each request id, in order of arrival; calls without one are under the empty text. */
    public Map<String, List<CallRecord>> callsByRequestId() {
        throw new UnsupportedOperationException();
    }

    /** A reading for each vendor (model {@code *}) and each of its models that was called. */
    public List<MeterReading> meters() {
        throw new UnsupportedOperationException();
    }

    /** The reading of one model, or of the vendor if {@code model} is {@code *}; all zero if it was never called. */
    public MeterReading meter(String vendor, String model) {
        throw new UnsupportedOperationException(vendor + model);
    }

    /** Forgets log and meters, starts the fault plan's counts and times again. Running calls go on and are counted. */
    public void reset() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
