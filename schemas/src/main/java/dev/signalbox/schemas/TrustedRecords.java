package dev.signalbox.schemas;

import org.apache.avro.util.ClassSecurityValidator;

/**
 * Tells Avro that the generated records of {@code dev.signalbox.schemas.avro} may be made from schemas. Avro 1.12.2 and
 * later refuse every class that nobody vouched for, builders' defaults included. Each generated record calls this when its
 * class is loaded (the build adds the call), so that callers have nothing to configure; what they trust beside it stays.
 */
public final class TrustedRecords {
    private static final String PACKAGE = "dev.signalbox.schemas.avro.";

    static {
        ClassSecurityValidator.setGlobal(ClassSecurityValidator.composite(ClassSecurityValidator.getGlobal(),
                type -> type.getName().startsWith(PACKAGE)));
    }

    private TrustedRecords() {
    }

    /** Does its work once. */
    public static void install() {
        // Loading the class has done it.
    }
}
