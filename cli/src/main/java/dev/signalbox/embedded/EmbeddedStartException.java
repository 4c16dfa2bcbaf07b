package dev.signalbox.embedded;

import java.io.IOException;

/** The embedded stack could not start; the message is one line that names the place and the cure. */
public class EmbeddedStartException extends IOException {
    private static final long serialVersionUID = 1L;

    public EmbeddedStartException(String message) {
        super(message);
    }

    public EmbeddedStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
