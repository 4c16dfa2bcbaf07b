package dev.signalbox.cli.batch;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The output files, which are the journal too: an id that stands in one of them is finished. Lines are in the
 * result form of the input's family. What was not flushed before a kill is found again in the reply topic. For one thread.
 */
final class Journal implements AutoCloseable {
    private final ResultForm form;
    private final OutputStream results;
    private final Path errorFile;
    private @Nullable OutputStream errors;

    private Journal(ResultForm form, OutputStream results, Path errorFile) {
        this.form = form;
        this.results = results;
        this.errorFile = errorFile;
    }

    /** Opens the files for appending; the result file is made at once: as long as it is there, the run can go on. */
    static Journal open(ResultForm form, Path output, Path errors) {
        try {
            return new Journal(form, append(output), errors);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, output + ": cannot be written (" + e.getMessage()
                    + "); name another file with --out", e);
        }
    }

    /** Results and failures both go to the stream; nothing can be resumed. */
    static Journal to(ResultForm form, OutputStream stream, Path unused) {
        Journal journal = new Journal(form, new BufferedOutputStream(stream, 64 * 1024), unused);
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
        form.answered(results, customId, requestId, body);
    }

    /**
     * @param code stable upper-case reason
     * @param retries how often the line had been retried when it failed
     */
    void failed(String customId, String requestId, String code, String message, int retries) throws IOException {
        if (errors == null) {
            errors = append(errorFile);
        }
        form.failed(errors, customId, requestId, code, message, retries);
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
}
