package dev.signalbox.cli;

import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The two streams of a command: data on stdout, everything for the person on stderr. No escape sequence goes to what is
 * no terminal, nor under {@code NO_COLOR}.
 */
public final class Terminal {
    private static final int DEFAULT_WIDTH = 80;
    private static final String CLEAR_LINE = "\r\u001b[2K";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean live;
    private final boolean color;
    private final int width;
    private boolean progressShown;

    /**
     * @param live whether stderr is a terminal, so that a line can be rewritten
     * @param color whether it may be coloured
     */
    public Terminal(PrintStream out, PrintStream err, boolean live, boolean color, int width) {
        this.out = out;
        this.err = err;
        this.live = live;
        this.color = color;
        this.width = width;
    }

    /** The process's own. */
    public static Terminal ofProcess(Map<String, String> environment) {
        boolean live = isTerminal("/proc/self/fd/2") && !"dumb".equals(environment.get("TERM"));
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), false,
                StandardCharsets.UTF_8);
        PrintStream err = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.err), true,
                StandardCharsets.UTF_8);
        return new Terminal(out, err, live, live && environment.getOrDefault("NO_COLOR", "").isEmpty(),
                live ? measure() : DEFAULT_WIDTH);
    }

    private static boolean isTerminal(String descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of(descriptor)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException e) {
            // No /proc, as on macOS: Java itself only tells of stdin and stdout.
            java.io.Console console = System.console();
            return Objects.nonNull(console) && console.isTerminal();
        }
    }

    private static int measure() {
        try {
            Process stty = new ProcessBuilder("stty", "size").redirectInput(new File("/dev/tty"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String answer = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
            if (stty.waitFor(1, TimeUnit.SECONDS) && answer.matches("\\d+ [1-9]\\d*")) {
                return Integer.parseInt(answer.substring(answer.indexOf(' ') + 1));
            }
        } catch (IOException e) {
            return DEFAULT_WIDTH;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return DEFAULT_WIDTH;
    }

    /** Data. */
    public PrintStream out() {
        return out;
    }

    public boolean isLive() {
        return live;
    }

    /** Columns that a line may fill without wrapping. */
    public int width() {
        return Math.max(20, live ? width - 1 : 160);
    }

    /** A line for the person. */
    public synchronized void say(String line) {
        clearProgress();
        err.println(line);
        err.flush();
    }

    /** A line for the person, in bold where that is possible. */
    public void head(String line) {
        say(color ? "\u001b[1m" + line + "\u001b[0m" : line);
    }

    /** Something is wrong: red where that is possible. */
    public void fault(String line) {
        say(color ? "\u001b[31m" + line + "\u001b[0m" : line);
    }

    /** Replaces the progress line, or adds one where there is no terminal. */
    synchronized public void progress(String line) {
        if (live) {
            err.print(CLEAR_LINE + line);
            err.flush();
            progressShown = true;
        } else {
            err.println(line);
        }
    }

    /** Leaves the progress line standing. */
    public synchronized void endProgress() {
        if (progressShown) {
            err.println();
            progressShown = false;
        }
    }

    private void clearProgress() {
        if (progressShown) {
            err.print(CLEAR_LINE);
            progressShown = false;
        }
    }
}
