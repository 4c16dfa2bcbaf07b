package dev.signalbox.system.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A Java process of this class path that prints {@code READY …} when it is, and ends when its input closes. */
public final class ChildProcess implements AutoCloseable {
    /** Linux counts a thread's time in hundredths of a second. */
    private static final long TICK_MILLIS = 10;

    private final Process process;
    private final String ready;

    private ChildProcess(Process process, String ready) {
        this.process = process;
        this.ready = ready;
    }

    /** Starts it and waits until it is ready; what it prints else goes on to this process's output. */
    public static ChildProcess start(Class<?> main, List<String> jvmOptions, String... args) throws IOException {
        return start(main, System.getProperty("java.class.path"), jvmOptions, args);
    }

    /** The same with a class path of its own. */
    public static ChildProcess start(Class<?> main, String classPath, List<String> jvmOptions, String... args)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", classPath, main.getName()));
        command.addAll(Arrays.asList(args));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        BufferedReader out = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith("READY")) {
                Thread.ofPlatform().daemon().start(() -> out.lines().forEach(System.out::println));
                return new ChildProcess(process, line);
            }
            System.out.println(line);
        }
        throw new IOException(main.getSimpleName() + " ended before it was ready");
    }

    /** The words behind READY. */
    public List<String> words() {
        return List.of(ready.split(" ")).subList(1, ready.split(" ").length);
    }

    /** CPU time that it has used, ms. */
    public long cpuMillis() {
        return process.toHandle().info().totalCpuDuration().orElseThrow().toMillis();
    }

    /**
     * CPU time of its compiler threads, ms; 0 where the operating system does not list threads. They must be kept alive:
     * {@code -XX:-UseDynamicNumberOfCompilerThreads}.
     */
    long compilerMillis() throws IOException {
        Path tasks = Path.of("/proc", Long.toString(process.pid()), "task");
        if (!Files.isDirectory(tasks)) {
            return 0;
        }
        long ticks = 0;
        try (Stream<Path> threads = Files.list(tasks)) {
            for (Path thread : threads.toList()) {
                String stat = stat(thread);
                if (stat.contains("(C1 Compiler") || stat.contains("(C2 Compiler")) {
                    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
                    ticks += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
                }
            }
        }
        return ticks * TICK_MILLIS;
    }

    private static String stat(Path thread) throws IOException {
        try {
            return Files.readString(thread.resolve("stat"));
        } catch (NoSuchFileException ended) {
            return "";
        }
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Ends it as the operating system would. */
    public void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
