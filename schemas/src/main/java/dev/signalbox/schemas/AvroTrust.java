package dev.signalbox.schemas;

import org.apache.avro.util.ClassSecurityValidator;

/**
 * Tells Avro that the generated classes of {@code dev.signalbox.schemas.avro} may be named by schemas. Since 1.12 Avro
 * loads only classes that somebody vouched for, and without it not even {@code LlmRequest.newBuilder().build()} works.
 * Each generated record calls this when its class is initialized (the build adds the call), so that callers have nothing to
 * configure; what others trust stays trusted.
 */
public final class AvroTrust {
    private static final String PACKAGE = "dev.signalbox.schemas.avro.";

    static {
        ClassSecurityValidator.setGlobal(ClassSecurityValidator.composite(ClassSecurityValidator.getGlobal(),
                type -> type.getName().startsWith(PACKAGE)));
    }

    private AvroTrust() {
    }

    /** Once is enough, more does no harm. */
    public static void install() {
        // The class is initialized by now, and that is all.
    }
}
