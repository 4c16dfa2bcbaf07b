package dev.signalbox.schemas.serde;

import org.apache.kafka.common.errors.SerializationException;

/** The registry refused, or no registry could be reached. A {@link SerializationException}, as Kafka's clients expect of a serde. */
public class SchemaRegistryException extends SerializationException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final int errorCode;

    /**
     * @param status HTTP status; 0 where no answer came at all
     * @param errorCode the registry's own code such as 40401 or 409; the status where it gave none
     */
    public SchemaRegistryException(int status, int errorCode, String message) {
        super(message);
        this.status = status;
        this.errorCode = errorCode;
    }

    /** HTTP status; 0 where no answer came at all. */
    public int status() {
        return status;
    }

    /** The registry's own code such as 40401 (no such subject) or 409 (incompatible); the status where it gave none. */
    public int errorCode() {
        return errorCode;
    }

    /** Whether the same call may succeed later: no answer, overload or a fault of the server. */
    public boolean isTransient() {
        return status == 0 || status == 408 || status == 429 || status >= 500;
    }
}
