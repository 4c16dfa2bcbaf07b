package dev.signalbox.schemas.serde;

/** The registry itself says that it has no schema of that id; never for a missing page of a proxy or a registry that is away. */
public final class UnknownSchemaException extends SchemaRegistryException {
    private static final long serialVersionUID = 1;

    public UnknownSchemaException(int status, int errorCode, String message) {
        super(status, errorCode, message);
    }

    @Override
    public boolean isTransient() {
        return false;
    }
}
