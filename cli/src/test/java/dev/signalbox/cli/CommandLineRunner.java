package dev.signalbox.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntConsumer;

/** Runs command lines in this process, as a shell would that is no terminal. */
final class CommandLineRunner {
    /** What a command line left behind. */
    record Ran(int code, String out, String err) {
        List<String> errLines() {
            return err.lines().toList();
        }
    }

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private volatile IntConsumer interrupts = count -> {
    };

    static Ran run(String... arguments) {
        return new CommandLineRunner().runWith("", arguments);
    }

    Ran runWith(String standardInput, String... arguments) {
        Terminal terminal = new Terminal(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), false, false, 120);
        int code = new Main(terminal, new ByteArrayInputStream(standardInput.getBytes(StandardCharsets.UTF_8)),
                listener -> interrupts = listener).run(arguments);
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** As Ctrl-C does, for the n-th time. */
    void interrupt(int count) {
        interrupts.accept(count);
    }

    String outSoFar() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String errSoFar() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
