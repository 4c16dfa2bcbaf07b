package dev.signalbox.system.simulation;

import dev.signalbox.system.broken.BrokenWorld;
import dev.signalbox.system.broken.Switch;
import java.util.List;

/** The project's classes once more, living in simulated time; with some mechanisms switched off, if so wanted. */
final class SimulatedClasses extends BrokenWorld {
    private static final List<String> SIMULATED = List.of("dev.signalbox.workers.", "dev.signalbox.schemas.serde.");

    SimulatedClasses(List<Switch> off) {
        super(off);
    }

    @Override
    protected boolean changes(String name) {
        return SIMULATED.stream().anyMatch(name::startsWith);
    }

    @Override
    protected byte[] change(String name, byte[] compiled) {
        return Redirections.apply(compiled, this);
    }
}
