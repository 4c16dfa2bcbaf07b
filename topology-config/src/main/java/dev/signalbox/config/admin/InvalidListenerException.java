package dev.signalbox.config.admin;

/** A process may not show itself so; its message names the cure and no secret. */
public final class InvalidListenerException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    InvalidListenerException(String message) {
        super(message);
    }
}
