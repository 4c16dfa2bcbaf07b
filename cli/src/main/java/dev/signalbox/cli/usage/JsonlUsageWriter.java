package dev.signalbox.cli.usage;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import dev.signalbox.schemas.avro.UsageRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** One JSON object to a line; an unknown value is null, money a number with all its decimals. */
final class JsonlUsageWriter implements UsageWriter {
    private final JsonGenerator json;

    JsonlUsageWriter(OutputStream out) throws IOException {
        json = JsonFactory.builder().enable(StreamWriteFeature.WRITE_BIGDECIMAL_AS_PLAIN).build().createGenerator(out)
                .setRootValueSeparator(null);
    }

    @Override
    public void write(UsageRecord usage) throws IOException {
        json.writeStartObject();
        for (UsageColumn column : UsageColumn.ALL) {
            json.writeFieldName(column.name());
            write(column.kind(), column.value().apply(usage));
        }
        json.writeEndObject();
        json.writeRaw('\n');
    }

    private void write(UsageColumn.Kind kind, @Nullable Object value) throws IOException {
        if (value == null) {
            json.writeNull();
            return;
        }
        switch (kind) {
            case TEXT -> json.writeString((String) value);
            case NUMBER -> json.writeNumber(((Number) value).longValue());
            case TIME -> json.writeString(Instant.ofEpochMilli((Long) value).toString());
            case FLAG -> json.writeBoolean((Boolean) value);
            case MONEY -> json.writeNumber((BigDecimal) value);
        }
    }

    @Override
    public void close() throws IOException {
        json.close();
    }
}
