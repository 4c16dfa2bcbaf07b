package dev.signalbox.system.simulation;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.Topics;
import dev.signalbox.workers.intake.CommittedOffsets;
import dev.signalbox.workers.vendor.VendorClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * One seed's world: a lane of three partitions, two or three workers, callers, a reader, vendors, and what goes wrong. First
 * a stormy time, then a calm one in which everything has to end well, then all workers stop.
 */
final class SimulatedWorld implements SimulatedBroker.Watch {
    static final Lane LANE = new Lane(new PoolName("main"), Priority.INTERACTIVE);
    private static final int PARTITIONS = 3;
    private static final List<String> REQUEST_TOPICS = List.of(LANE.requestTopic(), LANE.overflowTopic(),
            LANE.retryTopic());
    static final int MAX_IN_FLIGHT = 2;
    private static final int BUFFER = 6;
    private static final long STORM_MILLIS = 5_000;
    /** Longer than any request lives, any reply is retried and any partition is without an owner. */
    private static final long CALM_MILLIS = 120_000;
    /** What a worker's idea of broker time may be off by: half of a slow acknowledgement's round trip. */
    private static final long CLOCK_MILLIS = 300;
    private static final long TICK_NANOS = 250 * Simulation.MILLI;
    /** From plenty of permits to hardly any. */
    private static final List<Configuration> CONFIGURATIONS = List.of(configuration(30, 30, "hedge_after: 200ms,"),
            configuration(4, 2, ""), configuration(1, 1, ""));

    /** What strikes from outside, the rarer met the more often. */
    private static final List<Fault> STRIKES = List.of(Fault.REBALANCE, Fault.KILL, Fault.KILL, Fault.FREEZE,
            Fault.FREEZE, Fault.RESTART, Fault.RESTART, Fault.COMMIT_FAILURE, Fault.PRODUCER_TIMEOUT,
            Fault.PRODUCER_TIMEOUT, Fault.TRUNCATION, Fault.TRUNCATION, Fault.RETENTION, Fault.RETENTION);

    final Simulation simulation;
    final SimulatedBroker broker;
    final SimulatedReader reader;
    final Coverage coverage;
    private final Configuration settings;
    private final SimulatedCallers callers;
    private final List<WorkerSlot> slots = new ArrayList<>();
    /** Of acknowledged requests, how many records there are. */
    private final Map<String, Integer> records = new TreeMap<>();
    private final Set<String> answered = new HashSet<>();
    /** Requests that retention took without an answer. */
    private final List<Taken> taken = new ArrayList<>();
    /** Ids and hops of which another record with the next hop was written. */
    private final Set<String> moved = new HashSet<>();
    /** Offsets that dead letters tell of, by partition. */
    private final Map<String, Set<Long>> buried = new HashMap<>();
    private final Map<SimulatedProcess, Integer> failingCommits = new HashMap<>();
    private final Set<SimulatedProcess> truncating = new HashSet<>();
    /** Latest end of their time, on the broker's clock. */
    private final Map<String, Long> expiry = new HashMap<>();
    private boolean calm;
    private boolean settled;

    private record Taken(TopicPartition partition, long offset, String id, int hop) {
    }

    SimulatedWorld(Simulation simulation, Coverage coverage) {
        this.simulation = simulation;
        this.coverage = coverage;
        this.settings = CONFIGURATIONS.get(simulation.random.nextInt(CONFIGURATIONS.size()));
        this.broker = new SimulatedBroker(simulation, REQUEST_TOPICS, PARTITIONS, this);
        this.reader = new SimulatedReader(this);
        this.callers = new SimulatedCallers(this);
    }

    private static Configuration configuration(int concurrencyOfA, int concurrencyOfB, String hedging) {
        String yaml = """
                environment: test
                vendors:
                  a: { family: openai, base_url: "http://127.0.0.1:1", timeouts: { first_token: 900ms, token_gap: 400ms, total: 3s } }
                  b: { family: openai, base_url: "http://127.0.0.1:1", timeouts: { first_token: 900ms, token_gap: 400ms, total: 3s } }
                deployments:
                  a/m: { vendor: a, model_id: m, limits: { concurrency: %d }, capabilities: { prefill: true } }
                  b/m: { vendor: b, model_id: m, limits: { concurrency: %d }, capabilities: { prefill: true } }
                pools:
                  main: { use_cases: [otherwise], priorities: [interactive] }
                routes:
                  m: { test: { otherwise: { %s latency_based: [a, b] } } }
                topics: { partitions: %d }
                worker: { max_in_flight: %d, buffer_records: %d }
                """.formatted(concurrencyOfA, concurrencyOfB, hedging, PARTITIONS, MAX_IN_FLIGHT, BUFFER);
        return switch (ConfigurationReader.read("simulation.yaml", yaml, name -> Optional.empty())) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new IllegalStateException(invalid.problems().toString());
        };
    }

    void run() {
        Simulated.enter(simulation);
        try {
            plan();
            while (simulation.millis() < STORM_MILLIS && hasNoViolation()) {
                simulation.step();
            }
            calm = true;
            slots.forEach(WorkerSlot::mustServe);
            while (!settled && simulation.millis() < STORM_MILLIS + CALM_MILLIS && hasNoViolation()) {
                simulation.step();
            }
            if (hasNoViolation()) {
                end();
            }
        } finally {
            Simulated.leave();
        }
    }

    private boolean hasNoViolation() {
        return simulation.violations().isEmpty();
    }

    private void plan() {
        int workers = 2 + simulation.random.nextInt(2);
        for (int i = 0; i < workers; i++) {
            WorkerSlot slot = new WorkerSlot(this, "w" + i);
            slots.add(slot);
            simulation.after(simulation.between(0, 500), slot::start);
        }
        int bursts = 1 + simulation.random.nextInt(3);
        for (int i = 0; i < bursts; i++) {
            long at = simulation.between(0, STORM_MILLIS - 2_000);
            burst(at, simulation.between(50, 1_500), simulation.random.nextInt(4, 12));
        }
        simulation.after(TICK_NANOS, this::tick);
    }

    /** Requests, and what strikes while they are served. */
    private void burst(long atNanos, long lengthNanos, int requests) {
        for (int i = 0; i < requests; i++) {
            callers.sendAfter(atNanos + simulation.random.nextLong(lengthNanos),
                    new TopicPartition(LANE.requestTopic(), simulation.random.nextInt(PARTITIONS)));
        }
        int faults = simulation.random.nextInt(1, 5);
        for (int i = 0; i < faults; i++) {
            Fault fault = STRIKES.get(simulation.random.nextInt(STRIKES.size()));
            simulation.after(atNanos + simulation.between(20, 1_800),
                    () -> strike(fault, slots.get(simulation.random.nextInt(slots.size()))));
        }
    }

    private void strike(Fault fault, WorkerSlot slot) {
        SimulatedProcess process = slot.process();
        if (process == null) {
            return;
        }
        simulation.note("fault " + fault, process.name(), 0, 0);
        switch (fault) {
            case REBALANCE -> broker.group.shuffle();
            case KILL -> {
                hit(fault, process);
                slot.kill();
            }
            case FREEZE -> {
                hit(fault, process);
                slot.freeze(simulation.between(200, 4_000));
            }
            case RESTART -> {
                hit(fault, process);
                slot.restart();
            }
            case COMMIT_FAILURE -> failingCommits.merge(process, 1 + simulation.random.nextInt(4), Integer::sum);
            case PRODUCER_TIMEOUT -> {
                hit(fault, process);
                long length = simulation.between(100, 2_000);
                List.copyOf(broker.producers).stream().filter(producer -> producer.process() == process)
                        .forEach(producer -> producer.loseTouch(length));
            }
            case TRUNCATION -> truncating.add(process);
            case RETENTION -> retention(process);
            case HANGING_VENDOR, LATE_TOKEN, BROKEN_STREAM, REFUSING_VENDOR, DUPLICATE ->
                throw new IllegalStateException(fault + " comes by itself");
        }
    }

    /** Takes the beginning of a log that the process owns; before the first commit nobody could know what was there. */
    private void retention(SimulatedProcess process) {
        List<TopicPartition> owned = broker.consumers.stream().filter(consumer -> consumer.process() == process)
                .flatMap(consumer -> consumer.positions().keySet().stream()).sorted(SimulatedGroup.BY_NAME)
                .filter(partition -> !broker.log(partition).entries.isEmpty()
                        && broker.group.committed().containsKey(partition))
                .toList();
        if (owned.isEmpty()) {
            return;
        }
        hit(Fault.RETENTION, process);
        SimulatedLog log = broker.log(owned.get(simulation.random.nextInt(owned.size())));
        long to = log.entries.get(simulation.random.nextInt(log.entries.size())).offset() + 1;
        simulation.note("retention", log.partition.toString(), to, 0);
        for (SimulatedLog.Entry gone : log.retain(to)) {
            records.merge(id(gone), -1, Integer::sum);
            taken.add(new Taken(log.partition, gone.offset(), id(gone), hop(gone)));
        }
    }

    /** Whether the request was answered, goes on as another record, or was told of as a dead letter. */
    private boolean isAccountedFor(Taken request) {
        return answered.contains(request.id) || moved.contains(request.id + "@" + request.hop)
                || buried.getOrDefault(request.partition.toString(), Set.of()).contains(request.offset);
    }

    private void buried(SimulatedLog.Entry letter) {
        DeadLetter why = DeadLetter.of(letter.headers()).orElseThrow();
        String partition = why.topic() + "-" + why.partition();
        long from = why.offset();
        long to = why.end().orElse(from + 1);
        for (long offset = from; offset < to; offset++) {
            buried.computeIfAbsent(partition, any -> new HashSet<>()).add(offset);
        }
    }

    private void tick() {
        reader.tick();
        slots.forEach(WorkerSlot::checkBounds);
        settled = calm && isSettled();
        simulation.after(TICK_NANOS, this::tick);
    }

    private boolean isSettled() {
        return callers.areDone()
                && records.entrySet().stream()
                        .allMatch(each -> each.getValue() == 0 || answered.contains(each.getKey()))
                && taken.stream().allMatch(this::isAccountedFor)
                && REQUEST_TOPICS.stream().flatMap(topic -> broker.logs(topic).stream()).allMatch(this::isCommitted);
    }

    private boolean isCommitted(SimulatedLog log) {
        OffsetAndMetadata committed = broker.group.committed().get(log.partition);
        return committed == null ? log.entries.isEmpty() : log.from(committed.offset()).isEmpty();
    }

    private void end() {
        if (!settled) {
            records.forEach((id, copies) -> {
                if (copies > 0 && !answered.contains(id)) {
                    simulation.violated("G1 request " + id + " has no reply");
                }
            });
            taken.stream().filter(request -> !isAccountedFor(request)).forEach(
                    request -> simulation.violated("G1 " + request + " by retention, and nobody was told"));
            REQUEST_TOPICS.stream().flatMap(topic -> broker.logs(topic).stream()).filter(log -> !isCommitted(log))
                    .forEach(log -> simulation
                            .violated("the commit of " + log.partition + " stands at "
                                    + broker.group.committed().get(log.partition) + " of " + log.end()));
        }
        slots.forEach(WorkerSlot::retire);
        long limit = simulation.millis() + CALM_MILLIS;
        while (!slots.stream().allMatch(WorkerSlot::isGone) && simulation.millis() < limit) {
            simulation.step();
        }
        slots.forEach(WorkerSlot::checkGone);
        long read = simulation.millis() + 3_000;
        while (simulation.millis() < read) {
            simulation.step();
        }
        reader.violations().forEach(simulation::violated);
        records.forEach((id, copies) -> {
            if (copies > 0 && answered.contains(id) && !reader.isThrough(id)) {
                simulation.violated("G2 request " + id + " never ended for its reader");
            }
        });
    }

    boolean isCalm() {
        return calm;
    }

    Configuration settings() {
        return settings;
    }

    VendorClient vendors(SimulatedProcess process) {
        return new SimulatedVendors(this, process);
    }

    void checkBounds(SimulatedProcess process, int pending, int waiting, int inFlight) {
        if (pending > BUFFER + MAX_IN_FLIGHT || waiting > BUFFER + MAX_IN_FLIGHT || inFlight > MAX_IN_FLIGHT) {
            simulation.violated("G8 " + process.name() + " holds " + pending + " pending, " + waiting + " waiting, "
                    + inFlight + " in flight");
        }
    }

    // What happens

    /** @param expiresAtMillis on the broker's clock */
    void request(String id, long expiresAtMillis) {
        records.merge(id, 1, Integer::sum);
        expiry.merge(id, expiresAtMillis, Math::max);
    }

    void duplicated(String id) {
        slots.stream().map(WorkerSlot::process).filter(process -> process != null)
                .forEach(process -> hitIfKnown(process, id));
    }

    private void hitIfKnown(SimulatedProcess process, String id) {
        coverage.hitAt(Fault.DUPLICATE, process, id);
    }

    void hit(Fault fault, SimulatedProcess process) {
        coverage.hit(fault, process);
    }

    void called(SimulatedProcess process, VendorClient.Call call) {
        long late = simulation.brokerMillis() - expiry.getOrDefault(call.requestId(), Long.MAX_VALUE);
        if (late > CLOCK_MILLIS) {
            simulation.violated("G7 " + process.name() + " calls a vendor for " + call.requestId() + " " + late
                    + " ms after its time was up");
        }
        coverage.moved(process, call.requestId(), Stage.CALLING);
    }

    @Override
    public void delivered(SimulatedProcess to, TopicPartition partition, SimulatedLog.Entry entry) {
        coverage.at(to, id(entry), Stage.WAITING);
    }

    @Override
    public void sent(SimulatedProcess by, ProducerRecord<byte[], byte[]> record) {
        simulation.note("sent", text(record.key()) + " to " + record.topic(), 0, 0);
        if (record.topic().equals(Topics.REPLIES)) {
            coverage.moved(by, text(record.key()), Stage.REPLYING);
        }
    }

    @Override
    public void acknowledged(SimulatedProcess to, ProducerRecord<byte[], byte[]> record) {
        if (record.topic().equals(Topics.REPLIES)) {
            coverage.moved(to, text(record.key()), Stage.DONE);
        }
    }

    @Override
    public void appended(TopicPartition partition, SimulatedLog.Entry entry) {
        if (partition.topic().equals(Topics.REPLIES)) {
            answered.add(id(entry));
            reader.appended(partition);
        } else if (partition.topic().equals(Topics.TOKENS)) {
            reader.appended(partition);
        } else if (partition.topic().equals(Topics.DEAD_LETTERS)) {
            buried(entry);
        } else if (partition.topic().equals(LANE.retryTopic())) {
            moved.add(id(entry) + "@" + (hop(entry) - 1));
        }
    }

    @Override
    public void committed(SimulatedProcess by, TopicPartition partition, OffsetAndMetadata commit) {
        LongPredicate done = CommittedOffsets.done(commit.offset(), commit.metadata());
        for (SimulatedLog.Entry entry : broker.log(partition).entries) {
            // Above the offset, what came under a later leader than all that was read is known as another record.
            boolean counts = entry.offset() < commit.offset()
                    || commit.leaderEpoch().map(epoch -> entry.leaderEpoch() <= epoch).orElse(true);
            if (counts && done.test(entry.offset())) {
                if (answered.contains(id(entry))) {
                    coverage.moved(by, id(entry), Stage.COMMITTED);
                } else if (!moved.contains(id(entry) + "@" + hop(entry))) {
                    simulation.violated("G1 a commit of " + partition + " by " + by.name() + " covers offset "
                            + entry.offset() + ", pending request " + id(entry));
                }
            }
        }
        taken.stream().filter(request -> request.partition.equals(partition) && request.offset < commit.offset()
                && !isAccountedFor(request)).forEach(
                        request -> simulation.violated("G1 a commit by " + by.name() + " passes " + request
                                + " by retention, and nobody was told"));
    }

    @Override
    public void rebalanced(SimulatedProcess process) {
        hit(Fault.REBALANCE, process);
    }

    @Override
    public SimulatedBroker.Fate fateOfCommit(SimulatedProcess process) {
        int failing = failingCommits.getOrDefault(process, 0);
        if (failing == 0 || calm) {
            return SimulatedBroker.Fate.DONE;
        }
        failingCommits.put(process, failing - 1);
        hit(Fault.COMMIT_FAILURE, process);
        return simulation.random.nextBoolean() ? SimulatedBroker.Fate.LOST : SimulatedBroker.Fate.ANSWER_LOST;
    }

    /** Only requests that nobody has answered go: what was answered may be committed, and no protocol survives that. */
    @Override
    public long truncates(SimulatedProcess owner, TopicPartition partition, long position) {
        if (calm || !truncating.contains(owner)) {
            return -1;
        }
        List<SimulatedLog.Entry> entries = broker.log(partition).entries;
        int first = entries.size();
        while (first > 0 && !answered.contains(id(entries.get(first - 1)))
                && records.get(id(entries.get(first - 1))) == 1) {
            first--;
        }
        List<Long> below = entries.subList(first, entries.size()).stream().map(SimulatedLog.Entry::offset)
                .filter(offset -> offset < position).toList();
        if (below.isEmpty()) {
            return -1;
        }
        truncating.remove(owner);
        hit(Fault.TRUNCATION, owner);
        long from = below.get(simulation.random.nextInt(below.size()));
        broker.log(partition).truncate(from).forEach(gone -> records.merge(id(gone), -1, Integer::sum));
        simulation.note("truncated", partition.toString(), from, position);
        return from;
    }

    private static String id(SimulatedLog.Entry entry) {
        return text(entry.key());
    }

    private static int hop(SimulatedLog.Entry entry) {
        Header hop = entry.headers().lastHeader(Headers.HOP);
        return hop == null ? 0 : Integer.parseInt(text(hop.value()));
    }

    private static String text(byte @Nullable [] key) {
        return key == null ? "" : new String(key, StandardCharsets.UTF_8);
    }
}
