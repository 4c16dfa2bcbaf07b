package dev.signalbox.system.broken;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Tests of the project that show a guarantee, run in a world of their own.
 *
 * @param testClass by its binary name
 * @param methods the ones to run; none for all that {@code mvn verify} runs
 */
record Check(String testClass, List<String> methods) {
    /** For a test of the project as it is, however busy the machine. */
    static final Duration UNHURRIED = Duration.ofMinutes(2);
    private static final Duration LEAST_LIMIT = Duration.ofSeconds(15);
    private static final Duration LIMIT = Duration.ofMinutes(10);

    static Check of(String testClass, String... methods) {
        return new Check(testClass, List.of(methods));
    }

    /** @param test class and method, without the package */
    record Red(String test, String reason) {
        @Override
        public String toString() {
            return test + ": " + reason;
        }
    }

    /**
     * @param green tests that passed
     * @param skipped tests that a missing file made skip themselves
     * @param longest of the tests
     */
    record Result(int green, int skipped, List<Red> red, Duration longest) {
        /** For the same tests with a mechanism off, on the same machine: by how long they take with it. */
        Duration limit() {
            Duration several = longest.multipliedBy(5);
            return several.compareTo(LEAST_LIMIT) > 0 ? several : LEAST_LIMIT;
        }
    }

    /**
     * Runs the tests on a thread of their own: a virtual one, since an interrupt ends its reads from sockets too.
     *
     * @param off what is switched off; nothing for the project as it is
     * @param limit of a test: a mechanism that is off may leave one waiting; it is interrupted then, and red as well
     * @throws IllegalStateException if there is nothing to switch off, or the changed class is no valid one
     */
    Result run(List<Switch> off, Duration limit) throws Exception {
        FutureTask<Result> task = new FutureTask<>(() -> runHere(off, limit));
        Thread thread = Thread.ofVirtual().name("broken world").start(task);
        if (!thread.join(LIMIT)) {
            throw new IllegalStateException(testClass + " does not end, even interrupted");
        }
        return task.get();
    }

    private Result runHere(List<Switch> off, Duration limit) throws IOException {
        try (BrokenWorld world = new BrokenWorld(off);
                Recorder recorder = new Recorder(Thread.currentThread(), limit)) {
            Thread.currentThread().setContextClassLoader(world);
            Launcher launcher = LauncherFactory.create(LauncherConfig.builder().enableTestEngineAutoRegistration(false)
                    .enableLauncherSessionListenerAutoRegistration(false)
                    .enableLauncherDiscoveryListenerAutoRegistration(false)
                    .enableTestExecutionListenerAutoRegistration(false)
                    .enablePostDiscoveryFilterAutoRegistration(false).addTestEngines(new JupiterTestEngine()).build());
            launcher.execute(request(world), recorder);
            if (!recorder.invalid.isEmpty()) {
                throw new IllegalStateException("the class with the mechanism off is not valid",
                        recorder.invalid.getFirst());
            }
            return new Result(recorder.green, recorder.skipped, List.copyOf(recorder.red), recorder.longest);
        }
    }

    private LauncherDiscoveryRequest request(BrokenWorld world) {
        Class<?> tests;
        try {
            tests = Class.forName(testClass, false, world);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("no test class " + testClass, e);
        }
        List<DiscoverySelector> selectors = methods.isEmpty()
                ? List.of(DiscoverySelectors.selectClass(tests))
                : methods.stream().map(method -> (DiscoverySelector) DiscoverySelectors.selectMethod(tests, method))
                        .toList();
        return LauncherDiscoveryRequestBuilder.request().selectors(selectors)
                .filters(TagFilter.excludeTags("long", "break", "benchmark"))
                .configurationParameter("junit.jupiter.execution.timeout.mode", "disabled").build();
    }

    private static final class Recorder implements TestExecutionListener, AutoCloseable {
        private final Thread runner;
        private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        private final List<Red> red = new ArrayList<>();
        /** Not red but no valid class. */
        private final List<Throwable> invalid = new ArrayList<>();
        private int green;
        private int skipped;
        private final Duration limit;
        private Optional<Future<?>> running = Optional.empty();
        private long startNanos;
        private Duration longest = Duration.ZERO;
        private volatile boolean late;

        Recorder(Thread runner, Duration limit) {
            this.runner = runner;
            this.limit = limit;
        }

        @Override
        public void executionStarted(TestIdentifier test) {
            if (test.isTest()) {
                startNanos = System.nanoTime();
                running = Optional.of(timer.schedule(() -> {
                    late = true;
                    runner.interrupt();
                }, limit.toMillis(), TimeUnit.MILLISECONDS));
            }
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            running.ifPresent(alarm -> alarm.cancel(false));
            Thread.interrupted();
            if (test.isTest()) {
                Duration took = Duration.ofNanos(System.nanoTime() - startNanos);
                longest = took.compareTo(longest) > 0 ? took : longest;
            }
            result.getThrowable().filter(LinkageError.class::isInstance).ifPresent(invalid::add);
            switch (result.getStatus()) {
                case SUCCESSFUL -> green += test.isTest() ? 1 : 0;
                case ABORTED -> skipped++;
                case FAILED -> red.add(new Red(name(test), late
                        ? "did not end within " + limit.toSeconds() + " s"
                        : reason(result.getThrowable().orElseThrow())));
            }
            late = false;
        }

        private static String name(TestIdentifier test) {
            String suffix = test.getUniqueId().contains("dynamic-test") ? " (" + test.getDisplayName() + ")" : "";
            return test.getSource().filter(MethodSource.class::isInstance).map(MethodSource.class::cast)
                    .map(method -> simple(method.getClassName()) + "." + method.getMethodName())
                    .orElse(test.getDisplayName()) + suffix;
        }

        private static String simple(String className) {
            return className.substring(className.lastIndexOf('.') + 1);
        }

        private static String reason(Throwable failure) {
            Throwable cause = failure;
            while (cause.getCause() != null && String.valueOf(cause.getMessage()).startsWith("seed ")) {
                cause = cause.getCause();
            }
            String text = (cause instanceof AssertionError ? "" : cause.getClass().getSimpleName() + " ")
                    + String.valueOf(cause.getMessage()).replaceAll("\\s+", " ").strip()
                            .replaceAll("^\\[step (\\d+): .*\\] (?=expected)", "step $1: ");
            return text.length() > 140 ? text.substring(0, 139) + "…" : text;
        }

        @Override
        public void close() {
            timer.shutdownNow();
        }
    }
}
