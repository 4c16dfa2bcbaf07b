package dev.signalbox.cli;

import java.util.List;

/** Ends the command: the lines, each naming place and cure, go to stderr, and the code to the shell. */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final ExitCode exitCode;

    public CommandFailure(ExitCode exitCode, String line) {
        super(line);
        this.exitCode = exitCode;
    }

    public CommandFailure(ExitCode exitCode, String line, Throwable cause) {
        super(line, cause);
        this.exitCode = exitCode;
    }

    /** Several faults at once, one line each. */
    public static CommandFailure ofLines(ExitCode exitCode, List<String> lines) {
        return new CommandFailure(exitCode, String.join("\n", lines));
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    /** What goes to stderr, without a line end. */
    public String lines() {
        return String.valueOf(getMessage());
    }
}
