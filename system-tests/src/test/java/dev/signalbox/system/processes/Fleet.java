package dev.signalbox.system.processes;

import dev.signalbox.cli.Main;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.embedded.CompatibilityLevel;
import dev.signalbox.embedded.EmbeddedRegistry;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.awaitility.Awaitility;

/**
 * A fleet on this machine: brokers and workers as processes; registry and vendors in this one, which nobody kills.
 * Sessions run out after 6 s. For one thread.
 */
final class Fleet implements AutoCloseable {
    static final Lane LANE = new Lane(new PoolName("main"), Priority.STANDARD);
    static final String MODEL = "paced";
    static final int PARTITIONS = 6;

    private final Path folder;
    private final BrokerCluster brokers;
    private final Simulator vendors;
    private final Path configuration;
    private final List<FleetWorker> workers = new ArrayList<>();
    private EmbeddedRegistry registry;
    private int started;

    private Fleet(Path folder, BrokerCluster brokers, Simulator vendors, EmbeddedRegistry registry, String yaml)
            throws Exception {
        this.folder = folder;
        this.brokers = brokers;
        this.vendors = vendors;
        this.registry = registry;
        this.configuration = Files.writeString(folder.resolve("fleet.yaml"), yaml);
    }

    /**
     * Starts it and waits until every partition has a worker.
     *
     * @param answer how the vendor answers
     */
    static Fleet start(Path folder, int brokerCount, int workerCount, ModelProfile answer) throws Exception {
        return start(folder, brokerCount, workerCount, answer, System.getProperty("java.class.path"));
    }

    /** The same with workers of another version, by their class path. */
    static Fleet start(Path folder, int brokerCount, int workerCount, ModelProfile answer, String classPath)
            throws Exception {
        return start(folder, brokerCount, workerCount, SimulatorOptions.of(VendorProfile.of("steady", answer)),
                vendors -> """
                        environment: test
                        vendors:
                          steady: { family: openai, base_url: "%s" }
                        deployments:
                          steady/paced: { vendor: steady, model_id: paced }
                        pools:
                          main: { use_cases: [otherwise], priorities: [standard] }
                        routes:
                          paced: { test: { otherwise: { sequence: [steady] } } }
                        topics: { partitions: %d }
                        """.formatted(vendors.baseUrl("steady"), PARTITIONS),
                classPath);
    }

    /**
     * The same with vendors and a configuration of the test's own.
     *
     * @param workerCount 0: the test adds its own by {@link #addWorker}
     * @param yaml the configuration, given the vendors: a pool {@code main} and {@link #PARTITIONS}
     */
    static Fleet start(Path folder, int brokerCount, int workerCount, SimulatorOptions simulated,
            Function<Simulator, String> yaml, String classPath) throws Exception {
        BrokerCluster brokers = new BrokerCluster(folder, System.getProperty("java.class.path"), brokerCount);
        Simulator vendors = null;
        try {
            vendors = Simulator.start(simulated.withLogCapacity(1_000_000));
            brokers.awaitInSync(Duration.ofSeconds(90));
            Fleet fleet = new Fleet(folder, brokers, vendors, registry(0, brokers), yaml.apply(vendors));
            fleet.createTopics();
            for (int i = 0; i < workerCount; i++) {
                fleet.workers.add(fleet.newWorker(classPath));
            }
            if (workerCount > 0) {
                fleet.awaitReady();
            }
            return fleet;
        } catch (Exception | Error e) {
            if (vendors != null) {
                vendors.close();
            }
            brokers.close();
            throw e;
        }
    }

    private static EmbeddedRegistry registry(int port, BrokerCluster brokers) throws Exception {
        return EmbeddedRegistry.start(port, CompatibilityLevel.FULL_TRANSITIVE,
                Map.of("bootstrap.servers", brokers.bootstrapServers()));
    }

    private void createTopics() throws InterruptedException {
        if (!(ConfigurationReader.read(configuration) instanceof ReadResult.Valid valid)) {
            throw new IllegalStateException("the fleet's configuration is wrong");
        }
        new TopicAdmin(brokers.admin()).createMissing(TopicCatalogue.of(valid.configuration()), Duration.ofSeconds(60));
    }

    private FleetWorker newWorker(String classPath, String... jvmOptions) throws Exception {
        started++;
        return FleetWorker.start("worker-" + started, folder, classPath, configuration, brokers.bootstrapServers(),
                registry.url(), List.of(jvmOptions));
    }

    /** One more worker, without waiting for it. */
    void addWorker(String... jvmOptions) throws Exception {
        workers.add(newWorker(System.getProperty("java.class.path"), jvmOptions));
    }

    /** A dispatcher process, without waiting for it. */
    FleetDispatcher startDispatcher(String name, String... jvmOptions) throws IOException {
        return FleetDispatcher.start(name, folder, configuration, brokers.bootstrapServers(), registry.url(),
                List.of(jvmOptions));
    }

    /** The command line's {@code arguments} as a process, connected to this fleet, with its configuration. */
    Child command(String name, List<String> arguments, String... jvmOptions) throws IOException {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of("--bootstrap-server", brokers.bootstrapServers(), "--schema-registry-url", registry.url(),
                "--config", configuration.toString()));
        List<String> options = new ArrayList<>(List.of("-Xmx128m"));
        options.addAll(List.of(jvmOptions));
        return Child.start(name, folder, System.getProperty("java.class.path"), options, Main.class, all);
    }

    BrokerCluster brokers() {
        return brokers;
    }

    Simulator vendors() {
        return vendors;
    }

    /** Those that run, by their places. */
    List<FleetWorker> workers() {
        return workers;
    }

    /** Kafka's and the registry's properties, as clients of the contract take them. */
    Map<String, Object> callerProperties() {
        return Map.of("bootstrap.servers", brokers.bootstrapServers(), "schema.registry.url", registry.url());
    }

    /** A new worker in the place of one that has ended, without waiting. */
    void replace(int place) throws Exception {
        replaceBy(place, System.getProperty("java.class.path"));
    }

    /** The same by one of another version. */
    void replaceBy(int place, String classPath) throws Exception {
        workers.get(place).close();
        workers.set(place, newWorker(classPath));
    }

    /** Whether each worker owns as many partitions as the others. */
    boolean isBalanced() {
        return workers.stream().allMatch(worker -> worker.metric("signalbox_intake_partitions").orElse(0)
                * workers.size() == 3.0 * PARTITIONS);
    }

    /** Waits until all workers are ready and own all partitions between them. */
    void awaitReady() {
        workers.forEach(FleetWorker::awaitReady);
        awaitOwned(workers, PARTITIONS);
    }

    /** Waits until these workers own that many partitions of requests between them, overflow and retry included. */
    static void awaitOwned(List<FleetWorker> among, int partitions) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(100))
                .until(() -> among.stream().mapToDouble(
                        worker -> worker.metric("signalbox_intake_partitions").orElse(0)).sum() == 3.0 * partitions);
    }

    /** Takes the registry away. */
    void stopRegistry() {
        registry.close();
    }

    /** Brings it back where it was. */
    void restartRegistry() throws Exception {
        registry = registry(URI.create(registry.url()).getPort(), brokers);
    }

    @Override
    public void close() {
        workers.forEach(FleetWorker::close);
        registry.close();
        vendors.close();
        brokers.close();
    }
}
