package dev.signalbox.cli;

/** The command's exit codes; they are part of its interface and do not change. */
public enum ExitCode {
    OK(0),
    /** A fault of Signalbox itself. */
    INTERNAL(1),
    /** Wrong usage or bad input; nothing was sent. */
    USAGE(2),
    /** All requests ended, some without an answer. */
    SOME_FAILED(3),
    /** Stopped before the end; the same command goes on. */
    INTERRUPTED(4),
    /** The deadline passed. */
    DEADLINE(5),
    /** Kafka, or its registry, cannot be reached or refuses us. */
    UNREACHABLE(6);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
