package dev.signalbox.cli.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The output files, which are the journal too: an id that stands in one of them is finished. Lines are in OpenAI's
 * result form. What was not flushed before a kill is found again in the reply topic. For one thread.
 */
final class Journal implements AutoCloseable {
    private static final JsonFactory JSON = JsonFactory.builder().build();

    private final OutputStream results;
    private final Path errorFile;
    private @Nullable OutputStream errors;

    private Journal(OutputStream results, Path errorFile) {
        this.results = results;
        this.errorFile = errorFile;
    }

    /** Opens the files for appending; the result file is made at once: as long as it is there, the run can go on. */
    static Journal open(Path output, Path errors) {
        try {
            return new Journal(append(output), errors);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, output + ": cannot be written (" + e.getMessage()
                    + "); name another file with --out", e);
        }
    }

    /** Results and failures both go to the stream; nothing can be resumed. */
    static Journal to(OutputStream stream, Path unused) {
        Journal journal = new Journal(new BufferedOutputStream(stream, 64 * 1024), unused);
        journal.errors = journal.results;
        return journal;
    }

    /** Where failures go, beside {@code replies.jsonl}: {@code replies.errors.jsonl}. */
    static Path errorFileOf(Path output) {
        String name = String.valueOf(output.getFileName());
        String stem = name.endsWith(".jsonl") ? name.substring(0, name.length() - ".jsonl".length()) : name;
        return output.resolveSibling(stem + ".errors.jsonl");
    }

    private static OutputStream append(Path file) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.APPEND);
        try {
            if (channel.tryLock() == null) {
                channel.close();
                throw new IOException("another process is writing it");
            }
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new IOException("it is being written already", e);
        }
        return new BufferedOutputStream(Channels.newOutputStream(channel), 256 * 1024);
    }

    /** @param body the whole answer's JSON; written as it is, on one line */
    void answered(String customId, String requestId, byte[] body) throws IOException {
        results.write("{\"id\":\"batch_req_".getBytes(StandardCharsets.UTF_8));
        results.write(requestId.getBytes(StandardCharsets.UTF_8));
        results.write("\",\"custom_id\":".getBytes(StandardCharsets.UTF_8));
        results.write(quoted(customId));
        results.write(",\"response\":{\"status_code\":200,\"request_id\":".getBytes(StandardCharsets.UTF_8));
        results.write(quoted(requestId));
        results.write(",\"body\":".getBytes(StandardCharsets.UTF_8));
        results.write(onOneLine(body));
        results.write("},\"error\":null}\n".getBytes(StandardCharsets.UTF_8));
    }

    /**
     * @param code stable upper-case reason
     * @param retries how often the line had been retried when it failed
     */
    void failed(String customId, String requestId, String code, String message, int retries) throws IOException {
        if (errors == null) {
            errors = append(errorFile);
        }
        try (JsonGenerator json = JSON.createGenerator(errors)
                .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM)) {
            json.writeStartObject();
            json.writeStringField("id", "batch_req_" + requestId);
            json.writeStringField("custom_id", customId);
            json.writeNullField("response");
            json.writeObjectFieldStart("error");
            json.writeStringField("code", code);
            json.writeStringField("message", message);
            json.writeEndObject();
            if (retries > 0) {
                json.writeObjectFieldStart(JournalContents.REMARKS);
                json.writeNumberField(JournalContents.RETRIES, retries);
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        errors.write('\n');
    }

    void flush() throws IOException {
        results.flush();
        if (errors != null) {
            errors.flush();
        }
    }

    @Override
    public void close() throws IOException {
        results.close();
        if (errors != null) {
            errors.close();
        }
    }

    private static byte[] quoted(String text) {
        char[] escaped = com.fasterxml.jackson.core.io.JsonStringEncoder.getInstance().quoteAsString(text);
        return ("\"" + new String(escaped) + "\"").getBytes(StandardCharsets.UTF_8);
    }

    /** JSON has no raw line ends inside strings, so that each one in it is white space. */
    private static byte[] onOneLine(byte[] body) {
        byte[] line = body.clone();
        for (int i = 0; i < line.length; i++) {
            if (line[i] == '\n' || line[i] == '\r') {
                line[i] = ' ';
            }
        }
        return line;
    }
}
