package dev.signalbox.cli.batch;

/**
 * What is wrong at one place of the input.
 *
 * @param line 1-based
 * @param column 1-based, in characters
 */
public record Fault(int line, int column, String message) {

    /** {@code file:line:column: message}. */
    public String at(String file) {
        return file + ":" + line + ":" + column + ": " + message;
    }
}
