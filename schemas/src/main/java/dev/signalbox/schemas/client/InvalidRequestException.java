package dev.signalbox.schemas.client;

import java.util.List;

/** A request that breaks {@link dev.signalbox.schemas.serde.RequestValidation}'s rules; nothing was sent. */
public final class InvalidRequestException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final List<String> faults;

    public InvalidRequestException(List<String> faults) {
        super("the request is not valid: " + String.join("; ", faults));
        this.faults = List.copyOf(faults);
    }

    /** All faults, each {@code field: what is wrong}. */
    public List<String> faults() {
        return faults;
    }
}
