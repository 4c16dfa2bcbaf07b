package dev.signalbox.system.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.system.benchmark.PackagedClasses.Use;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whole path against the bare loop, side by side: broker, registry and vendors in one process, the subject in another that
 * is new for each pass, the driver in this one. Pass 0 warms the former and records a cache of classes and profiles for
 * each subject, as the launcher does after a build; the passes that count start from it, both subjects alike. Prints
 * machine, settings and every pass.
 */
@Tag("benchmark")
@Tag("issue-2")
class ThroughputBenchmarkIT {
    private static final int REQUESTS = 20_000;
    private static final int AT_ONCE = 64;
    private static final int PASSES = 3;
    private static final Lane LANE = new Lane(new PoolName("bench"), Priority.STANDARD);
    private static final List<String> JVM = List.of("-Xmx1g", "-XX:+UseSerialGC");

    /** How both subjects run; the launcher starts a worker with both compilers, and what soon ends with the first alone. */
    enum Compilers {
        BOTH("both compilers, as a worker runs", List.of()),
        FIRST("the first compiler, as batch runs", List.of("-XX:TieredStopAtLevel=1"));

        private final String words;
        private final List<String> options;

        Compilers(String words, List<String> options) {
            this.words = words;
            this.options = options;
        }
    }

    private static final String CONFIGURATION = """
            environment: bench
            vendors:
              zero: { family: openai, base_url: "%s" }
              paced: { family: openai, base_url: "%s" }
            deployments:
              zero/bench: { vendor: zero, model_id: bench }
              paced/paced: { vendor: paced, model_id: paced }
            pools:
              bench: { use_cases: [otherwise], priorities: [standard] }
            routes:
              bench: { bench: { otherwise: { sequence: [zero] } } }
              paced: { bench: { otherwise: { sequence: [paced] } } }
            topics: { partitions: 4 }
            worker: { max_in_flight: %d }
            """;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void twentyThousandRequestsKeepSeventyPercentOfTheBareLoop(Compilers compilers) throws Exception {
        try (ChildProcess stack = ChildProcess.start(StackMain.class, JVM, folder.resolve("data").toString());
                LoadDriver driver = new LoadDriver(stack.words().get(0))) {
            Path file = configuration(stack, AT_ONCE);
            System.out.printf(
                    "machine: %d cores, %s, Java %s; %,d requests of %,d bytes, %d at once, not streamed; subjects with %s, %s%n",
                    Runtime.getRuntime().availableProcessors(),
                    ManagementFactory.getOperatingSystemMXBean().getArch(), Runtime.version(), REQUESTS,
                    LoadDriver.body(false).length, AT_ONCE,
                    String.join(" ", JVM), compilers.words);
            List<LoadDriver.Pass> bare = new ArrayList<>();
            List<LoadDriver.Pass> signalbox = new ArrayList<>();
            String classPath = PackagedClasses.classPath(folder);
            bareLoop(stack, driver, classPath, compilers, Use.RECORD, 0);
            signalbox(stack, driver, file, classPath, compilers, Use.RECORD, 0);
            for (int pass = 1; pass <= PASSES; pass++) {
                bare.add(bareLoop(stack, driver, classPath, compilers, Use.START_FROM, pass));
                signalbox.add(signalbox(stack, driver, file, classPath, compilers, Use.START_FROM, pass));
            }
            double whole = median(signalbox, LoadDriver.Pass::perSecond);
            double late = median(signalbox, LoadDriver.Pass::perSecondLate);
            double ratio = median(signalbox, LoadDriver.Pass::perSecond) / median(bare, LoadDriver.Pass::perSecond);
            System.out.printf("median of %d: signalbox %,.0f/s, last half %,.0f/s; bare loop %,.0f/s; ratio %.2f%n",
                    PASSES, whole, late, median(bare, LoadDriver.Pass::perSecond), ratio);
            assertThat(whole).isGreaterThan(1_500);
            assertThat(late).isGreaterThan(3_000);
            assertThat(ratio).isGreaterThan(0.7);
        }
    }

    @Test
    void twoThousandStreamsAtOnceEachTakeAtMostAFifthLongerThanTheyMust() throws Exception {
        int streams = 2_000;
        double idealSeconds = 53 * 0.150;
        try (ChildProcess stack = ChildProcess.start(StackMain.class, JVM, folder.resolve("data").toString());
                LoadDriver driver = new LoadDriver(stack.words().get(0))) {
            Path file = configuration(stack, streams + 500);
            String classPath = PackagedClasses.classPath(folder);
            streams(stack, driver, file, classPath, Use.RECORD, streams);
            LoadDriver.Pass pass = streams(stack, driver, file, classPath, Use.START_FROM, streams);
            double longest = pass.ownNanos()[streams - 1] / 1e9;
            System.out.printf(
                    "%,d streams of 53 chunks at 150 ms: ideal %.2f s, p50 %.2f s, longest %.2f s from its own "
                            + "send, last reply %.2f s after the first send%n",
                    streams, idealSeconds,
                    pass.ownNanos()[streams / 2] / 1e9, longest, pass.lastNanos() / 1e9);
            assertThat(longest).isLessThan(1.2 * idealSeconds);
        }
    }

    /** Two hundred first, then all at once; what the latter took. */
    private LoadDriver.Pass streams(ChildProcess stack, LoadDriver driver, Path configuration, String classPath,
            Use cache, int streams) throws Exception {
        try (ChildProcess worker = ChildProcess.start(WorkerMain.class, classPath,
                jvm("streams.aot", Compilers.BOTH, cache),
                stack.words().get(0), stack.words().get(1), configuration.toString())) {
            driver.run(LANE.requestTopic(), Topics.REPLIES,
                    LoadDriver.requests("warm-" + cache, 200, true, LANE, stack.words().get(1)));
            long cpuMillis = worker.cpuMillis();
            LoadDriver.Pass pass = driver.run(LANE.requestTopic(), Topics.REPLIES,
                    LoadDriver.requests("streams-" + cache, streams, true, LANE, stack.words().get(1)));
            System.out.printf("%s: worker's CPU a stream %.2f ms%n", cache,
                    (worker.cpuMillis() - cpuMillis) / (double) streams);
            return pass;
        }
    }

    private LoadDriver.Pass bareLoop(ChildProcess stack, LoadDriver driver, String classPath,
            Compilers compilers, Use cache, int pass) throws Exception {
        String requests = "bare.requests." + pass;
        String replies = "bare.replies." + pass;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", stack.words().get(0)))) {
            admin.createTopics(List.of(new NewTopic(requests, Optional.of(4), Optional.empty()),
                    new NewTopic(replies, Optional.of(4), Optional.empty()))).all().get();
        }
        try (ChildProcess bare = ChildProcess.start(BareLoop.class, classPath, jvm("bare-loop.aot", compilers, cache),
                stack.words().get(0), stack.words().get(2),
                requests, replies, Integer.toString(AT_ONCE))) {
            return print("bare loop", pass, bare,
                    driver.run(requests, replies, LoadDriver.bodies("b" + pass, REQUESTS)));
        }
    }

    private LoadDriver.Pass signalbox(ChildProcess stack, LoadDriver driver, Path configuration, String classPath,
            Compilers compilers, Use cache, int pass) throws Exception {
        try (ChildProcess worker = ChildProcess.start(WorkerMain.class, classPath,
                jvm("signalbox.aot", compilers, cache),
                stack.words().get(0),
                stack.words().get(1), configuration.toString())) {
            return print("signalbox", pass, worker, driver.run(LANE.requestTopic(), Topics.REPLIES,
                    LoadDriver.requests("s" + pass, REQUESTS, false, LANE, stack.words().get(1))));
        }
    }

    private List<String> jvm(String file, Compilers compilers, Use cache) {
        return Stream.of(JVM, compilers.options, PackagedClasses.cache(folder.resolve(file), cache))
                .flatMap(List::stream).toList();
    }

    private static LoadDriver.Pass print(String subject, int number, ChildProcess process, LoadDriver.Pass pass) {
        System.out.printf("pass %d  %-10s %,7.0f/s  last half %,7.0f/s  CPU a request %4.0f us%n", number, subject,
                pass.perSecond(), pass.perSecondLate(), process.cpuMillis() * 1_000.0 / REQUESTS);
        return pass;
    }

    private Path configuration(ChildProcess stack, int atOnce) throws Exception {
        Path file = folder.resolve("bench.yaml");
        Files.writeString(file,
                CONFIGURATION.formatted(stack.words().get(2), stack.words().get(3), atOnce));
        ReadResult read = ConfigurationReader.read(file);
        if (!(read instanceof ReadResult.Valid valid)) {
            throw new AssertionError(read);
        }
        Configuration configuration = valid.configuration();
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", stack.words().get(0)))) {
            new TopicAdmin(admin).createMissing(TopicCatalogue.of(configuration), Duration.ofSeconds(30));
        }
        return file;
    }

    private static double median(List<LoadDriver.Pass> passes,
            java.util.function.ToDoubleFunction<LoadDriver.Pass> of) {
        return passes.stream().mapToDouble(of).boxed().sorted(Comparator.naturalOrder()).toList()
                .get(passes.size() / 2);
    }
}
