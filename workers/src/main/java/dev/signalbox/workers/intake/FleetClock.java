package dev.signalbox.workers.intake;

/** Time on the broker's clock, which all processes share whatever their own clocks say. */
@FunctionalInterface
public interface FleetClock {

    /** Now, ms since 1970 on the broker's clock. */
    long nowMillis();
}
