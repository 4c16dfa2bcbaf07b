package dev.signalbox.simulator;

import dev.signalbox.simulator.fault.FaultRule;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What to simulate.
 *
 * @param host address to listen on; the admin endpoint has no password, so loopback unless you mean it
 * @param port 0: any free one
 * @param vendors at {@code /<name>/…}; the first one also without prefix
 * @param faults rules in order, the first that says so befalls a call; faults in a model's name come before them
 * @param logCapacity calls that the log in memory keeps, the newest
 * @param logFile every ended call as one line of JSON, appended; empty: none
 * @param seed decides all random numbers
 */
public record SimulatorOptions(String host, int port, List<VendorProfile> vendors, List<FaultRule> faults,
        int logCapacity, Optional<Path> logFile, long seed) {
    public SimulatorOptions {
        vendors = List.copyOf(vendors);
        faults = List.copyOf(faults);
        if (vendors.isEmpty()) {
            throw new IllegalArgumentException("a simulator without vendors");
        }
        if (port < 0 || port > 65_535 || logCapacity < 1) {
            throw new IllegalArgumentException("port " + port + ", log capacity " + logCapacity);
        }
        Set<String> names = new HashSet<>();
        for (VendorProfile vendor : vendors) {
            if (!names.add(vendor.name())) {
                throw new IllegalArgumentException("vendor '" + vendor.name() + "' is there twice");
            }
        }
    }

    /** These vendors on a free port of the loopback interface, well behaved. */
    public static SimulatorOptions of(VendorProfile... vendors) {
        return new SimulatorOptions("127.0.0.1", 0, List.of(vendors), List.of(), 100_000, Optional.empty(), 1);
    }

    /** One vendor {@code openai} that answers at once. */
    public static SimulatorOptions zeroLatency() {
        return of(VendorProfile.of("openai", ModelProfile.ZERO_LATENCY));
    }

    /** One vendor {@code openai} on an ordinary day. */
    public static SimulatorOptions realistic() {
        return of(VendorProfile.of("openai", ModelProfile.REALISTIC));
    }

    public SimulatorOptions withHost(String address) {
        return new SimulatorOptions(address, port, vendors, faults, logCapacity, logFile, seed);
    }

    public SimulatorOptions withPort(int number) {
        return new SimulatorOptions(host, number, vendors, faults, logCapacity, logFile, seed);
    }

    /** One more vendor. */
    public SimulatorOptions withVendor(VendorProfile vendor) {
        List<VendorProfile> more = new ArrayList<>(vendors);
        more.add(vendor);
        return new SimulatorOptions(host, port, more, faults, logCapacity, logFile, seed);
    }

    public SimulatorOptions withFaults(List<FaultRule> rules) {
        return new SimulatorOptions(host, port, vendors, rules, logCapacity, logFile, seed);
    }

    /** @param text such as {@code cut:40,times=1} */
    public SimulatorOptions withFault(String vendor, String model, String text) {
        List<FaultRule> more = new ArrayList<>(faults);
        more.add(FaultRule.parse(vendor, model, text));
        return withFaults(more);
    }

    public SimulatorOptions withLogCapacity(int calls) {
        return new SimulatorOptions(host, port, vendors, faults, calls, logFile, seed);
    }

    public SimulatorOptions withLogFile(Path file) {
        return new SimulatorOptions(host, port, vendors, faults, logCapacity, Optional.of(file), seed);
    }

    public SimulatorOptions withSeed(long number) {
        return new SimulatorOptions(host, port, vendors, faults, logCapacity, logFile, number);
    }
}
