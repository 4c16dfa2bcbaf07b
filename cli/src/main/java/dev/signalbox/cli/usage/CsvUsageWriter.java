package dev.signalbox.cli.usage;

import com.fasterxml.jackson.databind.SequenceWriter;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.signalbox.schemas.avro.UsageRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Comma-separated text (RFC 4180, UTF-8, a heading, line ends of one LF); an unknown value is an empty cell. */
final class CsvUsageWriter implements UsageWriter {
    private final SequenceWriter rows;

    CsvUsageWriter(OutputStream out) throws IOException {
        rows = rows(out, UsageColumn.ALL.stream().map(UsageColumn::name).toList());
    }

    /** Rows of text cells below a heading. */
    static SequenceWriter rows(OutputStream out, List<String> columns) throws IOException {
        CsvSchema.Builder schema = CsvSchema.builder();
        columns.forEach(schema::addColumn);
        return new CsvMapper().writer(schema.build().withHeader()).writeValues(out);
    }

    @Override
    public void write(UsageRecord usage) throws IOException {
        List<@Nullable String> cells = new ArrayList<>(UsageColumn.ALL.size());
        for (UsageColumn column : UsageColumn.ALL) {
            cells.add(text(column, column.value().apply(usage)));
        }
        rows.write(cells);
    }

    private static @Nullable String text(UsageColumn column, @Nullable Object value) {
        return value == null ? null : switch (column.kind()) {
            case TEXT, NUMBER, FLAG -> value.toString();
            case TIME -> Instant.ofEpochMilli((Long) value).toString();
            case MONEY -> ((BigDecimal) value).toPlainString();
        };
    }

    @Override
    public void close() throws IOException {
        rows.close();
    }
}
