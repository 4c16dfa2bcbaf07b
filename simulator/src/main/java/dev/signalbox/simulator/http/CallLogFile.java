package dev.signalbox.simulator.http;

import dev.signalbox.simulator.meter.CallRecord;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ended calls, one line of JSON each. A file that can no longer be written is given up, aloud. The event loop's. */
final class CallLogFile {
    private static final Logger LOG = LoggerFactory.getLogger(CallLogFile.class);
    private static final int BUFFER_BYTES = 64 * 1024;

    private final Path file;
    private final OutputStream out;
    private boolean givenUp;

    CallLogFile(Path file) throws IOException {
        this.file = file;
        out = new BufferedOutputStream(
                Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND), BUFFER_BYTES);
    }

    private interface Writing {
        void write() throws IOException;
    }

    void add(CallRecord call) {
        attempt(() -> out.write(Admin.line(call)));
    }

    void flush() {
        attempt(out::flush);
    }

    void close() {
        attempt(out::close);
        givenUp = true;
    }

    private void attempt(Writing writing) {
        if (!givenUp) {
            try {
                writing.write();
            } catch (IOException e) {
                givenUp = true;
                LOG.error("The log of calls ends here, {} cannot be written", file, e);
            }
        }
    }
}
