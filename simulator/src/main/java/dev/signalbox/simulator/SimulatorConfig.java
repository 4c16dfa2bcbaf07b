package dev.signalbox.simulator;

import java.io.IOException;
import java.nio.file.Path;

/** Simulated vendors and a fault plan as YAML or JSON; {@code docs/simulator.md} shows all keys. */
public final class SimulatorConfig {
    private SimulatorConfig() {
    }

    /**
     * @throws IllegalArgumentException with {@code file:line:column: what is wrong}, fit for the operator
     * @throws IOException if it cannot be read
     */
    public static SimulatorOptions read(Path file) throws IOException {
        throw new UnsupportedOperationException(file.toString());
    }
}
