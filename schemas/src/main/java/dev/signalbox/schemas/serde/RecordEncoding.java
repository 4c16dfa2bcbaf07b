package dev.signalbox.schemas.serde;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.DatumWriter;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.specific.SpecificDatumWriter;
import org.apache.kafka.common.errors.SerializationException;

/** How records of one schema are written to one topic; kept, since working it out is six times the work of using it. */
final class RecordEncoding {
    private static final int FIRST_SIZE = 256;
    /** Above it the array grows as needed: one huge record must not make all later ones reserve as much. */
    private static final int MAX_LIKELY_SIZE = 64 << 10;

    private final Schema source;
    private final byte[] head;
    private final Step step;
    private final AtomicInteger likelySize = new AtomicInteger(FIRST_SIZE);

    @FunctionalInterface
    private interface Step {
        void write(Object datum, ArrayEncoder out) throws IOException;
    }

    private RecordEncoding(Schema source, byte[] head, Step step) {
        this.source = source;
        this.head = head;
        this.step = step;
    }

    /** In the record's own schema. */
    static RecordEncoding of(Schema schema, byte[] head) {
        DatumWriter<Object> writer = writer(schema);
        return new RecordEncoding(schema, head, writer::write);
    }

    /**
     * In another schema of the subject, as {@code use.latest.version} asks. Where the two say the same of the bytes the
     * record is written as it is; else it is resolved by field names (by position, as a plain writer would do it, fields
     * would be mixed up).
     *
     * @throws SerializationException if the target cannot hold such records
     */
    static RecordEncoding into(Schema source, Schema target, byte[] head) {
        if (SchemaNormalization.toParsingForm(source).equals(SchemaNormalization.toParsingForm(target))) {
            return of(source, head);
        }
        if (SchemaCompatibility.checkReaderWriterCompatibility(target, source)
                .getType() != SchemaCompatibilityType.COMPATIBLE) {
            throw new SerializationException("the subject's latest version cannot hold this " + source.getFullName());
        }
        DatumWriter<Object> writer = writer(source);
        GenericDatumReader<Object> reader = new GenericDatumReader<>(source, target);
        GenericDatumWriter<Object> targetWriter = new GenericDatumWriter<>(target);
        return new RecordEncoding(source, head, (datum, out) -> {
            ArrayEncoder own = new ArrayEncoder(FIRST_SIZE);
            writer.write(datum, own);
            targetWriter.write(reader.read(null, DecoderFactory.get().binaryDecoder(own.toByteArray(), null)), out);
        });
    }

    private static DatumWriter<Object> writer(Schema schema) {
        return new SpecificDatumWriter<>(schema, AvroModel.of(AvroModel.class.getClassLoader()));
    }

    Schema source() {
        return source;
    }

    /** Zero byte and id. */
    byte[] head() {
        return head;
    }

    void write(Object datum, ArrayEncoder out) throws IOException {
        step.write(datum, out);
    }

    /** Bytes to begin with: a little more than the largest of late. */
    int likelySize() {
        return likelySize.getPlain();
    }

    /** Follows growth at once and shrinks by an eighth a record; a lost update costs one copy. */
    void sized(int bytes) {
        int before = likelySize.getPlain();
        int wanted = Math.min(bytes + bytes / 8 + 16, MAX_LIKELY_SIZE);
        if (wanted > before || wanted < before / 2) {
            likelySize.setPlain(wanted > before ? wanted : before - before / 8);
        }
    }
}
