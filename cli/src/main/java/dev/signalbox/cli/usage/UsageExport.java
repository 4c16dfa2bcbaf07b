package dev.signalbox.cli.usage;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.config.PriceTable;
import dev.signalbox.schemas.avro.UsageRecord;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/** Writes the calls of a period in one of the formats. */
public final class UsageExport {
    private static final int BUFFER_BYTES = 1 << 16;

    private final UsageLog log;
    private final UsagePeriod period;
    private final Format format;
    private final PriceTable prices;

    /** Which form is written. */
    public enum Format {
        CSV,
        JSONL,
        PARQUET,
        /** FOCUS 1.0 rows as CSV. */
        FOCUS
    }

    /**
     * What was written.
     *
     * @param unpriced calls whose cost is unknown; they are not in the cost
     * @param replaced records left out, since a later one of the same call took their place
     */
    public record Written(long calls, BigDecimal cost, long unpriced, long replaced) {
    }

    /** @param prices of the installation; only FOCUS needs them */
    public UsageExport(UsageLog log, UsagePeriod period, Format format, PriceTable prices) {
        this.log = log;
        this.period = period;
        this.format = format;
        this.prices = prices;
    }

    /** To a file, which is there once it is whole, in the place of an earlier one. */
    public Written toFile(Path file) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path part = absolute.resolveSibling(absolute.getFileName() + ".part");
        Files.deleteIfExists(part);
        try {
            Written written;
            if (format == Format.PARQUET) {
                written = write(new ParquetUsageWriter(part));
            } else {
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), BUFFER_BYTES)) {
                    written = write(textWriter(out));
                }
            }
            Files.move(part, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return written;
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** To a stream, which stays open. */
    public Written toStream(OutputStream out) throws IOException {
        BufferedOutputStream buffered = new BufferedOutputStream(out, BUFFER_BYTES) {
            @Override
            public void close() throws IOException {
                flush();
            }
        };
        return write(textWriter(buffered));
    }

    private UsageWriter textWriter(OutputStream out) throws IOException {
        return switch (format) {
            case CSV -> new CsvUsageWriter(out);
            case JSONL -> new JsonlUsageWriter(out);
            case FOCUS -> new FocusUsageWriter(out, prices);
            case PARQUET -> throw new CommandFailure(ExitCode.USAGE,
                    "Parquet is written to a file: name it with --out FILE");
        };
    }

    private Written write(UsageWriter writer) throws IOException {
        Sum sum = new Sum();
        try (writer) {
            long replaced = log.read(period, usage -> {
                writer.write(usage);
                sum.add(usage);
            });
            return new Written(sum.calls, sum.cost, sum.unpriced, replaced);
        }
    }

    private static final class Sum {
        private long calls;
        private long unpriced;
        private BigDecimal cost = BigDecimal.ZERO;

        void add(UsageRecord usage) {
            calls++;
            @Nullable
            BigDecimal known = usage.getCost();
            if (known == null) {
                unpriced++;
            } else {
                cost = cost.add(known);
            }
        }
    }
}
