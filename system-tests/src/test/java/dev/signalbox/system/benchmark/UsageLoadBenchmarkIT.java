package dev.signalbox.system.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.system.processes.DispatcherMain;
import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a dispatcher takes in. An attempt is one vendor call, that is two events: its start and its end. The dispatcher is a process of
 * its own with both applications, usage and budgets on; only its CPU counts. Broker and registry are in another one, the attempts come
 * from this one, all on the same machine. Prints machine, settings, CPU by sub-topology, and the lag.
 */
@Tag("benchmark")
@Tag("issue-5")
@Timeout(value = 8, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UsageLoadBenchmarkIT {
    private static final int DEPLOYMENTS = 20;
    private static final int PARTITIONS = 6;
    private static final int ABSORBED = 5_000;
    private static final int MOST = 10_000;
    private static final Duration WARM_UP = Duration.ofSeconds(Integer.getInteger("signalbox.load.warm", 60));
    private static final Duration SETTLE = Duration.ofSeconds(15);
    private static final Duration WINDOW = Duration.ofSeconds(40);
    private static final int EDGE_SAMPLES = 10;
    /** As the launcher starts it. */
    private static final List<String> JVM = List.of("-Xms256m", "-Xmx2g", "-XX:+UseSerialGC");

    /**
     * What was seen in a window.
     *
     * @param cores CPU time of the process divided by the time
     * @param growth how much longer the lag was in the last ten seconds than in the first ten, in seconds of the load
     */
    private record Seen(double cores, double growth) {
    }

    @Test
    void fiveThousandAttemptsASecondTakeLessThanACoreAndTenThousandLeaveNoGrowingLag(@TempDir Path folder)
            throws Exception {
        List<String> deployments = IntStream.range(0, DEPLOYMENTS).mapToObj(i -> "sim.r" + i + "/m").toList();
        Path file = Files.writeString(folder.resolve("signalbox.yaml"), yaml(deployments));
        try (ChildProcess stack = ChildProcess.start(StackMain.class, List.of("-Xmx768m", "-XX:+UseSerialGC"),
                folder.resolve("data").toString())) {
            String bootstrap = stack.words().get(0);
            String registry = stack.words().get(1);
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
                new TopicAdmin(admin).createMissing(TopicCatalogue.of(configuration(file)), Duration.ofSeconds(60));
                List<String> jvm = new ArrayList<>(JVM);
                String recording = System.getProperty("signalbox.load.recording");
                if (recording != null) {
                    jvm.add("-XX:StartFlightRecording=settings=profile,dumponexit=true,filename=" + recording);
                }
                try (ChildProcess dispatcher = ChildProcess.start(DispatcherMain.class, classPath(), jvm, bootstrap,
                        registry,
                        file.toString(), folder.resolve("state").toString());
                        AttemptLoad load = new AttemptLoad(bootstrap, registry, deployments)) {
                    awaitReady(dispatcher);
                    try (DispatcherGauge gauge = new DispatcherGauge(dispatcher.pid(), admin)) {
                        System.out.printf(Locale.ROOT,
                                "%d processors, Java %s, %s; %d deployments in %d partitions, calls of %d s, an attempt is"
                                        + " two events%n",
                                Runtime.getRuntime().availableProcessors(), Runtime.version(), JVM, DEPLOYMENTS,
                                PARTITIONS, AttemptLoad.CALL.toSeconds());
                        load.rate(ABSORBED);
                        pause(WARM_UP);
                        Seen absorbed = window(gauge, load, ABSORBED);
                        load.rate(MOST);
                        pause(SETTLE);
                        Seen most = window(gauge, load, MOST);
                        assertThat(load.failed()).as("events that could not be sent").isZero();

                        assertThat(absorbed.cores).as("cores at %d attempts/s", ABSORBED).isLessThan(1);
                        assertThat(absorbed.growth).as("growth of the lag at %d attempts/s, s", ABSORBED)
                                .isLessThan(1);
                        assertThat(most.growth).as("growth of the lag at %d attempts/s, s", MOST).isLessThan(1);
                    }
                }
            }
        }
    }

    /** Another version's classes of the dispatcher may stand before those here. */
    private static String classPath() {
        String before = System.getProperty("signalbox.load.classes");
        String own = System.getProperty("java.class.path");
        return before == null ? own : before + File.pathSeparator + own;
    }

    private static Seen window(DispatcherGauge gauge, AttemptLoad load, int rate) throws Exception {
        long startedBefore = load.started();
        long eventsBefore = startedBefore + load.ended();
        DispatcherGauge.Cpu before = gauge.cpu();
        long begin = System.nanoTime();
        List<Long> lags = new ArrayList<>();
        Map<String, Double> shares = new TreeMap<>();
        for (int second = 0; second < WINDOW.toSeconds(); second++) {
            pause(Duration.ofNanos(begin + TimeUnit.SECONDS.toNanos(second + 1L) - System.nanoTime()));
            lags.add(gauge.lag());
            gauge.shares().forEach((part, share) -> shares.merge(part, share, Double::sum));
        }
        DispatcherGauge.Cpu after = gauge.cpu();
        double seconds = (System.nanoTime() - begin) / 1e9;
        long events = load.started() + load.ended() - eventsBefore;
        double cores = (after.processNanos() - before.processNanos()) / 1e9 / seconds;
        double perSecond = (load.started() - startedBefore) / seconds;
        double growth = (median(lags.subList(lags.size() - EDGE_SAMPLES, lags.size()))
                - median(lags.subList(0, EDGE_SAMPLES))) / (2.0 * 2 * rate);
        Map<String, Long> used = after.since(before);
        System.out.printf(Locale.ROOT,
                "%,.0f attempts/s: %.2f cores, %.1f us an event, %.1f an attempt; lag %,d to %,d records of both"
                        + " applications, grown by %.2f s; each second %s%n",
                perSecond, cores, cores * seconds * 1e6 / events, 2 * cores * seconds * 1e6 / events,
                lags.stream().mapToLong(Long::longValue).min().orElseThrow(),
                lags.stream().mapToLong(Long::longValue).max().orElseThrow(), growth, lags);
        used.forEach((part, nanos) -> System.out.printf(Locale.ROOT, "  %-32s %6.1f us an event%n", part,
                nanos / 1e3 / events));
        shares.forEach((part, share) -> {
            String application = part.substring(0, part.indexOf(' '));
            double all = shares.entrySet().stream().filter(other -> other.getKey().startsWith(application))
                    .mapToDouble(Map.Entry::getValue).sum();
            System.out.printf(Locale.ROOT, "    of it sub-topology %-24s %6.2f us an event%n", part,
                    used.getOrDefault(application, 0L) / 1e3 / events * (all == 0 ? 0 : share / all));
        });
        assertThat(perSecond).as("the load itself").isGreaterThan(rate * 0.95);
        return new Seen(cores, growth);
    }

    private static void pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Not the mean: a stall of a second or two that is made up for is no growth, wherever in the window it falls. */
    private static double median(List<Long> values) {
        List<Long> sorted = values.stream().sorted().toList();
        return (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2.0;
    }

    private static void awaitReady(ChildProcess dispatcher) {
        URI ready = URI.create("http://127.0.0.1:" + dispatcher.words().getFirst() + "/readyz");
        try (HttpClient http = HttpClient.newHttpClient()) {
            Awaitility.await().atMost(Duration.ofSeconds(90)).until(() -> http
                    .send(HttpRequest.newBuilder(ready).build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode() == 200);
        }
    }

    private static Configuration configuration(Path file) throws Exception {
        return switch (ConfigurationReader.read(file)) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private static String yaml(List<String> deployments) {
        StringBuilder listed = new StringBuilder();
        deployments.forEach(name -> listed.append("  ").append(name).append(": { vendor: sim, model_id: m }\n"));
        return """
                environment: test
                vendors: { sim: { family: openai, base_url: "http://127.0.0.1:9/v1" } }
                deployments:
                %spools: { main: { use_cases: [otherwise], priorities: [standard] } }
                routes: { m: { test: { otherwise: { latency_based: [sim.r0, sim.r1, sim.r2] } } } }
                budgets: [{ tenant: tenant-0, amount: 1000000, per: month, soft: 80%%, on_soft: alert, on_hard: alert }]
                topics: { partitions: %d }
                """.formatted(listed, PARTITIONS);
    }
}
