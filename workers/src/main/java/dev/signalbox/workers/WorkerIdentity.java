package dev.signalbox.workers;

import dev.signalbox.workers.intake.Ticket;

/**
 * One incarnation of a worker process.
 *
 * @param name for people and events: host and process
 * @param incarnation random, so that a process started again is another one
 */
record WorkerIdentity(String name, long incarnation) {

    /**
     * The source of an attempt: 64 bits mixed from incarnation, topic-partition and offset. (Finalizer of SplitMix64,
     * applied to each part in turn.)
     */
    long source(Ticket ticket) {
        long mixed = mix(incarnation ^ ticket.partition().topic().hashCode());
        mixed = mix(mixed ^ ticket.partition().partition());
        return mix(mixed ^ ticket.offset());
    }

    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
