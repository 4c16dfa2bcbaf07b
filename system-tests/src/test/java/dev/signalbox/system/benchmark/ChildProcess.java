package dev.signalbox.system.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A Java process of this class path that prints {@code READY …} when it is, and ends when its input closes. */
public final class ChildProcess implements AutoCloseable {
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
