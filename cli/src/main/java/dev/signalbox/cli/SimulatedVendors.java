package dev.signalbox.cli;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.Distribution;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/** The vendors of {@code simulated.yaml}, in this process. */
final class SimulatedVendors {
    private static final String VARIABLE_PREFIX = "SIGNALBOX_";

    private SimulatedVendors() {
    }

    /** Starts them on one port; 0 for a free one. */
    static Simulator start(int port) {
        ModelProfile fast = new ModelProfile(new Distribution.LogNormal(180, 0.35), new Distribution.LogNormal(5, 0.2),
                new Distribution.LogNormal(130, 0.5), 128_000, ModelProfile.ZERO_LATENCY.limits());
        ModelProfile steady = fast.withFirstTokenMillis(new Distribution.LogNormal(380, 0.3))
                .withPerTokenMillis(new Distribution.LogNormal(8, 0.2));
        SimulatorOptions options = SimulatorOptions
                .of(VendorProfile.of("sim-fast", fast), VendorProfile.of("sim-steady", steady),
                        VendorProfile.of("sim-down", fast),
                        VendorProfile.of("sim-claude", steady).withFamily(VendorFamily.ANTHROPIC),
                        VendorProfile.of("sim-claude-eu", steady).withFamily(VendorFamily.ANTHROPIC))
                .withPort(port).withFault("sim-down", "*", "down");
        try {
            return Simulator.start(options);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "simulated vendors: port " + port + " cannot be used ("
                    + e.getMessage() + "); choose another with --simulator-port, 0 for a free one", e);
        }
    }

    /** The address that a variable of {@code simulated.yaml} stands for: {@code SIGNALBOX_SIM_FAST} is {@code sim-fast}'s. */
    static Optional<String> address(Simulator simulator, String variable) {
        return variable.startsWith(VARIABLE_PREFIX)
                ? Optional.of(simulator.baseUrl(
                        variable.substring(VARIABLE_PREFIX.length()).toLowerCase(Locale.ROOT).replace('_', '-'))
                        .toString())
                : Optional.empty();
    }
}
