package dev.signalbox.schemas;

import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.util.ClassSecurityValidator;
import org.apache.avro.util.ClassSecurityValidator.ClassSecurityPredicate;

/**
 * Tells Avro that the generated classes here may be named by schemas. Since 1.12 Avro loads only classes it was told to
 * trust, by a system property or by code, and without it not even {@code LlmRequest.newBuilder().build()} works. Callers
 * who embed this module should have to do neither, so this class is named as a service that Avro loads before it parses
 * its first schema; it defines no logical type. What others trust stays trusted.
 */
public final class AvroTrust implements LogicalTypes.LogicalTypeFactory {
    private static final String PACKAGE = "dev.signalbox.schemas.avro.";

    static {
        ClassSecurityPredicate before = ClassSecurityValidator.getGlobal();
        ClassSecurityValidator.setGlobal(type -> type.getName().startsWith(PACKAGE) || before.isTrusted(type));
    }

    /** For Avro's service loader. */
    public AvroTrust() {
    }

    /** For class loaders whose services Avro does not see; once is enough. */
    public static void install() {
        // The class is initialized by now, and that is all.
    }

    @Override
    public LogicalType fromSchema(Schema schema) {
        return new LogicalType(getTypeName());
    }

    @Override
    public String getTypeName() {
        return "signalbox-none";
    }
}
