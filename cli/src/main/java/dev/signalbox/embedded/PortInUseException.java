package dev.signalbox.embedded;

/** The wanted port is taken. */
public final class PortInUseException extends EmbeddedStartException {
    private static final long serialVersionUID = 1L;
    private final int port;

    /** @param what the server that wanted it, as a noun: {@code broker} */
    public PortInUseException(String what, int port, Throwable cause) {
        super("Port " + port + " on 127.0.0.1, wanted for the embedded " + what
                + ", is in use: stop what listens there, or choose another port (0 takes any free one).", cause);
        this.port = port;
    }

    public int port() {
        return port;
    }
}
