package dev.signalbox.cli.batch;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.BitSet;
import java.util.OptionalInt;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Tidies the error file after a retry: it keeps only the last failure of each id that has no result. */
final class ErrorFile {
    private static final int MAX_LINE_BYTES = 64 << 20;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private ErrorFile() {
    }

    /** Rewrites the file at one stroke, or removes it if nothing is left. */
    static void tidy(Path errors, IdTable ids, BitSet stillFailed) throws IOException {
        if (!Files.isRegularFile(errors)) {
            return;
        }
        int[] lastOf = new int[stillFailed.length()];
        eachLine(errors, (number, inputLine, bytes) -> {
            if (stillFailed.get(inputLine)) {
                lastOf[inputLine] = number;
            }
        }, ids);
        Path fresh = errors.resolveSibling(errors.getFileName() + ".tmp");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(fresh))) {
            eachLine(errors, (number, inputLine, bytes) -> {
                if (stillFailed.get(inputLine) && lastOf[inputLine] == number) {
                    out.write(bytes);
                    out.write('\n');
                }
            }, ids);
        }
        if (Files.size(fresh) == 0) {
            Files.delete(fresh);
            Files.delete(errors);
        } else {
            Files.move(fresh, errors, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private interface Visitor {
        void line(int number, int inputLine, byte[] bytes) throws IOException;
    }

    private static void eachLine(Path errors, Visitor visitor, IdTable ids) throws IOException {
        try (LineReader lines = new LineReader(Files.newInputStream(errors), MAX_LINE_BYTES)) {
            while (lines.hasNext()) {
                LineReader.Line line = lines.next();
                OptionalInt inputLine = ids.line(MAPPER.readTree(line.bytes()).path("custom_id").asText());
                if (inputLine.isPresent()) {
                    visitor.line(line.number(), inputLine.getAsInt(), line.bytes());
                }
            }
        }
    }
}
