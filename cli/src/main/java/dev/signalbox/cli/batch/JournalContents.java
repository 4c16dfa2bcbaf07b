package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * What earlier runs left in the output files, by line of the input.
 *
 * @param answered lines with a result
 * @param failed lines whose last try failed and that have no result
 * @param retries how often each failed line was retried already
 * @param others results of custom ids that the input does not have
 */
record JournalContents(BitSet answered, BitSet failed, byte[] retries, int others) {
    /** Longest result line that is read; vendors' answers are far below. */
    private static final int MAX_LINE_BYTES = 64 << 20;
    private static final JsonFactory JSON = new JsonFactory();

    /** Key of our own remarks on a failed line. */
    static final String REMARKS = "signalbox";
    /** Remark: how often the line was retried. */
    static final String RETRIES = "retries";

    static JournalContents empty(int lastLine) {
        return new JournalContents(new BitSet(), new BitSet(), new byte[lastLine + 1], 0);
    }

    /**
     * Reads both files, where they exist, after cutting a last line that a kill left unfinished.
     *
     * @throws CommandFailure if a line in the middle is no result: the file is something else
     */
    static JournalContents read(Path output, Path errors, BatchCheck.Result input) throws IOException {
        BitSet answered = new BitSet();
        BitSet failed = new BitSet();
        byte[] retries = new byte[input.lastLine() + 1];
        int others = 0;
        for (Entry entry : new Entries(output)) {
            OptionalInt line = input.ids().line(entry.customId());
            line.ifPresent(answered::set);
            others += line.isPresent() ? 0 : 1;
        }
        for (Entry entry : new Entries(errors)) {
            input.ids().line(entry.customId()).ifPresent(line -> {
                failed.set(line);
                retries[line] = (byte) Math.max(retries[line], entry.retries());
            });
        }
        failed.andNot(answered);
        return new JournalContents(answered, failed, retries, others);
    }

    private record Entry(String customId, int retries) {
    }

    /** The entries of a file, read one by one. */
    private record Entries(Path file) implements Iterable<Entry> {
        @Override
        public java.util.Iterator<Entry> iterator() {
            try {
                if (!Files.isRegularFile(file)) {
                    return java.util.Collections.emptyIterator();
                }
                cutTornLine(file);
                LineReader lines = new LineReader(Files.newInputStream(file), MAX_LINE_BYTES);
                return new java.util.Iterator<>() {
                    @Override
                    public boolean hasNext() {
                        try {
                            boolean more = lines.hasNext();
                            if (!more) {
                                lines.close();
                            }
                            return more;
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    }

                    @Override
                    public Entry next() {
                        LineReader.Line line = lines.next();
                        Entry entry = parse(line.bytes());
                        if (entry == null) {
                            throw new CommandFailure(ExitCode.USAGE, file + ":" + line.number()
                                    + ": this is not a batch result; name another --out, or move the file away");
                        }
                        return entry;
                    }
                };
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    /** Null if it is not a result. */
    private static @Nullable Entry parse(byte[] line) {
        String customId = null;
        int retries = 0;
        boolean result = false;
        try (JsonParser parser = JSON.createParser(line)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String key = parser.currentName();
                JsonToken value = parser.nextToken();
                result |= key.equals("response") || key.equals("result");
                if (key.equals("custom_id") && value == JsonToken.VALUE_STRING) {
                    customId = parser.getText();
                } else if (key.equals(REMARKS) && value == JsonToken.START_OBJECT) {
                    retries = retries(parser);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (JsonProcessingException e) {
            return null;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("reading from memory", e);
        }
        return result && customId != null ? new Entry(customId, retries) : null;
    }

    private static int retries(JsonParser parser) throws IOException {
        int retries = 0;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean wanted = parser.currentName().equals(RETRIES);
            if (parser.nextToken() == JsonToken.VALUE_NUMBER_INT && wanted) {
                retries = parser.getIntValue();
            } else {
                parser.skipChildren();
            }
        }
        return retries;
    }

    /** Cuts what follows the last line end. */
    private static void cutTornLine(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer block = ByteBuffer.allocate(64 * 1024);
            long end = channel.size();
            while (end > 0) {
                long start = Math.max(0, end - block.capacity());
                block.clear().limit((int) (end - start));
                channel.read(block, start);
                for (int i = block.position() - 1; i >= 0; i--) {
                    if (block.get(i) == '\n') {
                        channel.truncate(start + i + 1);
                        return;
                    }
                }
                end = start;
            }
            channel.truncate(0);
        }
    }
}
