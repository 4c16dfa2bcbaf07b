package dev.signalbox.system.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import dev.signalbox.system.Installation;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tenant with a limit of one call at once whose requests lie at each of several workers, with the dispatcher and without. */
@Tag("issue-6")
class TenantAtOnceIT {
    private static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    private static final String TENANT = "acme";
    /** Our client spreads a tenant's requests over all four. */
    private static final int PARTITIONS = 4;
    /** Longer than a lease lasts, one by one. */
    private static final int ALONE = 80;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern SERVED = Pattern.compile("(?m)^signalbox_requests_seconds_count\\{.*} ([0-9.]+)$");

    private static String configuration(Simulator simulator) {
        return """
                environment: test
                vendors: { v: { family: openai, base_url: "%s" } }
                deployments: { v/m: { vendor: v, model_id: m } }
                pools: { main: { use_cases: [otherwise], priorities: [standard] } }
                routes: { m: { test: { otherwise: { sequence: [v] } } } }
                tenants: { %s: { limits: { concurrency: 1 } } }
                topics: { partitions: %d }
                """.formatted(simulator.baseUrl("v"), TENANT, PARTITIONS);
    }

    @Test
    void two_workers_never_call_at_once_for_a_tenant_who_may_call_once(@TempDir Path folder) throws Exception {
        oneAtOnce(folder, 2, 40);
    }

    @Test
    @Tag("long")
    void three_workers_never_call_at_once_for_a_tenant_who_may_call_once(@TempDir Path folder) throws Exception {
        oneAtOnce(folder, 3, 300);
    }

    private static void oneAtOnce(Path folder, int workers, int requests) throws Exception {
        List<Worker> others = new ArrayList<>();
        SimulatorOptions vendors = SimulatorOptions.of(VendorProfile.of("v", ModelProfile.paced(10, 20)));
        try (Installation installation = Installation.start(folder.resolve("stack"), vendors,
                TenantAtOnceIT::configuration);
                Caller caller = new Caller(installation.callerProperties(), LANE);
                AutoCloseable _ = () -> others.forEach(Worker::close)) {
            try (Dispatcher dispatcher = Dispatcher.start(DispatcherOptions.of(installation.configuration(),
                    installation.clientProperties(), installation.registryProperties(), folder.resolve("control")))) {
                while (others.size() < workers - 1) {
                    others.add(Worker.start(WorkerOptions.of(installation.configuration(),
                            installation.clientProperties(), installation.registryProperties())));
                }
                Awaitility.await().atMost(PATIENCE)
                        .until(() -> dispatcher.ready() && others.stream().allMatch(Worker::ready));
                long asked = System.currentTimeMillis();
                answered(ask(caller, "leased-", requests));
                judge(installation, others, requests, asked);
                if (workers > 2) {
                    afterRest(installation, caller);
                }
            }
            withoutDispatcher(installation, caller, others);
        }
    }

    /** For longer than a lease lasts. */
    private static void withoutDispatcher(Installation installation, Caller caller, List<Worker> others)
            throws Exception {
        List<Integer> before = served(installation, others);
        long asked = System.currentTimeMillis();
        answered(ask(caller, "alone-", ALONE));
        CallSpans alone = new CallSpans(installation.simulator().calls()).of("alone-");
        List<Integer> after = served(installation, others);
        List<Integer> more = IntStream.range(0, after.size()).mapToObj(i -> after.get(i) - before.get(i)).toList();
        System.out.printf(Locale.ROOT,
                "tenant at once: without a dispatcher at most %d at once at %d workers, requests served %s, the first call after %d ms, the last one after %.1f s%n",
                alone.mostAtOnce(), more.size(), more, alone.firstStart() - asked, (alone.lastStart() - asked) / 1e3);
        assertThat(alone.mostAtOnce()).as("one for each worker").isLessThanOrEqualTo(more.size());
        assertThat(more).as("requests of each worker").allSatisfy(each -> assertThat(each).isPositive());
    }

    private static List<Integer> served(Installation installation, List<Worker> others) {
        return Stream.concat(Stream.of(installation.worker()), others.stream()).map(TenantAtOnceIT::served).toList();
    }

    private static void judge(Installation installation, List<Worker> others, int requests, long asked) {
        CallSpans calls = new CallSpans(installation.simulator().calls());
        List<Integer> served = served(installation, others);
        double fair = calls.calls().stream().mapToDouble(call -> call.durationMillis()).sum();
        long longest = calls.lastStart() - asked;
        System.out.printf(Locale.ROOT,
                "tenant at once: a limit of 1 at %d workers: at most %d at once, requests served %s, used %.1f %%, the first call after %d ms, the longest wait %.1f s of %.1f s if it were always used%n",
                served.size(), calls.mostAtOnce(), served, 100 * calls.used(1), calls.firstStart() - asked,
                longest / 1e3, fair / 1e3);
        assertThat(calls.count()).isEqualTo(requests);
        assertThat(calls.mostAtOnce()).as("calls at once").isEqualTo(1);
        assertThat(served).as("requests of each worker").allSatisfy(each -> assertThat(each).isPositive());
        assertThat((double) longest).as("the longest wait, ms").isLessThanOrEqualTo(2 * fair + 10_000);
    }

    /** What a first request waits for its lease. */
    private static void afterRest(Installation installation, Caller caller) throws Exception {
        List<Long> waits = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            TimeUnit.SECONDS.sleep(6);
            long asked = System.currentTimeMillis();
            answered(ask(caller, "rested-" + i + "-", 1));
            waits.add(new CallSpans(installation.simulator().calls()).of("rested-" + i + "-").firstStart() - asked);
        }
        System.out.printf(Locale.ROOT, "tenant at once: calls after a rest began after %s ms%n", waits);
    }

    private static int served(Worker worker) {
        return (int) SERVED.matcher(worker.metrics()).results()
                .mapToDouble(each -> Double.parseDouble(each.group(1))).sum();
    }

    private static List<CompletableFuture<LlmReply>> ask(Caller caller, String prefix, int requests) {
        List<CompletableFuture<LlmReply>> asked = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            LlmRequest request = Caller.request(prefix + i, "m", Family.OPENAI.format, Family.OPENAI.body("m"), false,
                    Duration.ofMinutes(5));
            request.setTenant(TENANT);
            asked.add(caller.ask(request).thenApply(Caller.Answer::reply));
        }
        return asked;
    }

    private static void answered(List<CompletableFuture<LlmReply>> asked) throws Exception {
        for (CompletableFuture<LlmReply> each : asked) {
            LlmReply reply = each.get(3, TimeUnit.MINUTES);
            assertThat(reply.getStatus()).as("%s: %s", reply.getRequestId(), reply.getError())
                    .isEqualTo(ReplyStatus.COMPLETED);
        }
    }
}
