package dev.signalbox.simulator;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.http.SimulatorServer;
import dev.signalbox.simulator.meter.Bill;
import dev.signalbox.simulator.meter.CallMeter;
import dev.signalbox.simulator.meter.CallRecord;
import dev.signalbox.simulator.meter.MeterReading;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Simulated vendors on one port, each at its own path prefix. Methods may be called from any thread; what they say is
 * a moment's exact view.
 */
public final class Simulator implements AutoCloseable {
    private final SimulatorServer server;
    private final SimulatorOptions options;

    private Simulator(SimulatorServer server, SimulatorOptions options) {
        this.server = server;
        this.options = options;
    }

    /** @throws IOException if the port is taken or the log file cannot be written */
    public static Simulator start(SimulatorOptions options) throws IOException {
        return new Simulator(SimulatorServer.start(new SimulatorServer.Settings(options.host(), options.port(),
                options.vendors(), options.faults(), options.logCapacity(), options.logFile(), options.seed())),
                options);
    }

    public int port() {
        return server.port();
    }

    /** Where the first vendor answers; see {@link #baseUrl(String)}. */
    public URI baseUrl() {
        return baseUrl(options.vendors().getFirst().name());
    }

    /**
     * Where that vendor answers, as its family's base URLs go: up to and without {@code /chat/completions}
     * ({@code http://127.0.0.1:4711/openai/v1}), or up to and without {@code /v1/messages}
     * ({@code http://127.0.0.1:4711/anthropic}).
     *
     * @throws IllegalArgumentException if it is not simulated here
     */
    public URI baseUrl(String vendor) {
        VendorProfile profile = options.vendors().stream().filter(known -> known.name().equals(vendor)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no vendor '" + vendor + "' is simulated here"));
        String host = options.host().equals("0.0.0.0") ? "127.0.0.1" : options.host();
        return URI.create("http://" + host + ":" + port() + "/" + vendor
                + (profile.family() == VendorFamily.ANTHROPIC ? "" : "/v1"));
    }

    /** Where {@code /_simulator/…} is: the port without any vendor. */
    public URI adminUrl() {
        return baseUrl().resolve("/_simulator/");
    }

    /** Replaces the fault plan; its counts start again. Its times go on counting from the start or last reset. */
    public void setFaults(List<FaultRule> rules) {
        server.setFaults(List.copyOf(rules));
    }

    /** The calls that the log remembers, in order of arrival, running ones included. */
    public List<CallRecord> calls() {
        return server.calls();
    }

    /** The calls of each request id, in order of arrival; calls without one are under the empty text. */
    public Map<String, List<CallRecord>> callsByRequestId() {
        return calls().stream()
                .collect(Collectors.groupingBy(CallRecord::requestId, LinkedHashMap::new, Collectors.toList()));
    }

    /**
     * What a vendor charges for all calls that have ended since the start or last reset: whole answers by the tokens that it
     * told, cut ones by prompt and sent tokens, errors nothing.
     */
    public Bill bill(String vendor) {
        return server.bills().getOrDefault(vendor, Bill.NOTHING);
    }

    /** A reading for each vendor (model {@code *}) and each of its models that was called. */
    public List<MeterReading> meters() {
        return server.meters();
    }

    /** The reading of one model, or of the vendor if {@code model} is {@code *}; all zero if it was never called. */
    public MeterReading meter(String vendor, String model) {
        return meters().stream().filter(meter -> meter.vendor().equals(vendor) && meter.model().equals(model))
                .findFirst().orElseGet(() -> new CallMeter(vendor, model, 0).reading(0));
    }

    /**
     * Forgets log and meters, starts the fault plan's counts and times again. Running calls go on and are counted;
     * what limits have counted stays counted.
     */
    public void reset() {
        server.reset();
    }

    /** Breaks running calls off. Log and meters can still be read. */
    @Override
    public void close() {
        server.close();
    }
}
