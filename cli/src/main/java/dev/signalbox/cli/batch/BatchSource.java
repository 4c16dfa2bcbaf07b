package dev.signalbox.cli.batch;

import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.schemas.RequestHash;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.zip.GZIPInputStream;

/**
 * Where the lines come from; it is read twice, once to check and once to send, so that no body is held in between.
 * Standard input is first copied to a file.
 *
 * @param name what messages call it
 * @param path the file with the lines
 * @param identity the file's absolute path, or for standard input its content's hash
 */
record BatchSource(String name, Path path, String identity, boolean temporary) implements AutoCloseable {

    /**
     * @param file {@code -} for standard input; a gzipped file is recognised by its first bytes
     * @param spool folder for the copy of standard input
     */
    static BatchSource open(String file, Path spool, InputStream standardInput) {
        if (!file.equals("-")) {
            Path path = Path.of(file);
            if (Files.isDirectory(path)) {
                throw new CommandFailure(ExitCode.USAGE, file + ": is a folder; name a batch file (.jsonl, .jsonl.gz)");
            }
            if (!Files.isReadable(path)) {
                throw new CommandFailure(ExitCode.USAGE, file + (Files.exists(path)
                        ? ": cannot be read; check its permissions"
                        : ": no such file; name a batch file (.jsonl, .jsonl.gz), or - for standard input"));
            }
            return new BatchSource(file, path, path.toAbsolutePath().normalize().toString(), false);
        }
        MessageDigest digest = RequestHash.sha256();
        try {
            Files.createDirectories(spool);
            Path copy = Files.createTempFile(spool, "stdin-", ".jsonl");
            Files.copy(new DigestInputStream(standardInput, digest), copy, StandardCopyOption.REPLACE_EXISTING);
            return new BatchSource("stdin", copy, "stdin:" + RequestHash.hex(digest.digest()), true);
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.USAGE, "standard input cannot be copied to " + spool + ": "
                    + e.getMessage() + "; free space there, or choose another folder with --data", e);
        }
    }

    /** The lines from the first. */
    LineReader lines(int maxLineBytes) throws IOException {
        BufferedInputStream in = new BufferedInputStream(Files.newInputStream(path));
        try {
            in.mark(2);
            boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return new LineReader(gzip ? new GZIPInputStream(in, 64 * 1024) : in, maxLineBytes);
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        if (temporary) {
            Files.deleteIfExists(path);
        }
    }
}
