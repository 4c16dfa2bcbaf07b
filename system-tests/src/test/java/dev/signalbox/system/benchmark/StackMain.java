package dev.signalbox.system.benchmark;

import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.nio.file.Path;

/** Broker, registry and simulated vendors in one process. Argument: data folder. Prints READY, bootstrap, registry, vendors' root. */
public final class StackMain {
    private StackMain() {
    }

    public static void main(String[] args) throws Exception {
        EmbeddedStack stack = EmbeddedStack.start(Path.of(args[0]), EmbeddedOptions.defaults());
        Simulator simulator = Simulator.start(SimulatorOptions.of(VendorProfile.of("zero", ModelProfile.ZERO_LATENCY),
                VendorProfile.of("paced", ModelProfile.paced(53, 150))));
        System.out.println("READY " + stack.bootstrapServers() + " " + stack.registryUrl() + " "
                + simulator.baseUrl("zero") + " " + simulator.baseUrl("paced"));
        BareLoop.endWithInput();
    }
}
