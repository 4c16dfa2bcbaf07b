package dev.signalbox.cli.usage;

import blue.strategic.parquet.ParquetWriter;
import blue.strategic.parquet.ValueWriter;
import dev.signalbox.schemas.avro.UsageRecord;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/** A Parquet file: money as DECIMAL(18, 9), times as TIMESTAMP in ms UTC; an unknown value is null. */
final class ParquetUsageWriter implements UsageWriter {
    private static final int MONEY_DIGITS = 18;
    private static final int MONEY_SCALE = 9;

    private final ParquetWriter<UsageRecord> rows;

    /** @param file must not exist */
    ParquetUsageWriter(Path file) throws IOException {
        MessageType schema = new MessageType("usage",
                UsageColumn.ALL.stream().map(ParquetUsageWriter::type).toArray(Type[]::new));
        rows = ParquetWriter.writeFile(schema, file.toFile(), ParquetUsageWriter::write);
    }

    private static PrimitiveType type(UsageColumn column) {
        return switch (column.kind()) {
            case TEXT -> Types.optional(PrimitiveTypeName.BINARY).as(LogicalTypeAnnotation.stringType())
                    .named(column.name());
            case NUMBER -> Types.optional(PrimitiveTypeName.INT64).named(column.name());
            case TIME -> Types.optional(PrimitiveTypeName.INT64)
                    .as(LogicalTypeAnnotation.timestampType(true, TimeUnit.MILLIS)).named(column.name());
            case FLAG -> Types.optional(PrimitiveTypeName.BOOLEAN).named(column.name());
            case MONEY -> Types.optional(PrimitiveTypeName.INT64)
                    .as(LogicalTypeAnnotation.decimalType(MONEY_SCALE, MONEY_DIGITS)).named(column.name());
        };
    }

    private static void write(UsageRecord usage, ValueWriter cells) {
        for (UsageColumn column : UsageColumn.ALL) {
            Object value = column.value().apply(usage);
            if (value != null) {
                cells.write(column.name(), switch (column.kind()) {
                    case TEXT, TIME, FLAG -> value;
                    case NUMBER -> ((Number) value).longValue();
                    case MONEY -> ((BigDecimal) value).setScale(MONEY_SCALE).unscaledValue().longValueExact();
                });
            }
        }
    }

    @Override
    public void write(UsageRecord usage) throws IOException {
        rows.write(usage);
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }
}
