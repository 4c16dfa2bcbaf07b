package dev.signalbox.system;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.simulator.SimulatorOptions;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.awaitility.Awaitility;

/** A whole installation: {@link KafkaUnderTest}, and in this process simulated vendors and one worker. */
public final class Installation implements AutoCloseable {
    private final KafkaUnderTest kafka;
    private final Simulator simulator;
    private final Configuration configuration;
    private Worker worker;

    private Installation(KafkaUnderTest kafka, Simulator simulator, Configuration configuration) {
        this.kafka = kafka;
        this.simulator = simulator;
        this.configuration = configuration;
        this.worker = startWorker();
    }

    /**
     * Starts it and waits until the worker takes requests.
     *
     * @param yaml the configuration, given the simulator
     */
    public static Installation start(Path folder, SimulatorOptions vendors, Function<Simulator, String> yaml)
            throws Exception {
        KafkaUnderTest kafka = KafkaUnderTest.start(folder);
        try {
            Simulator simulator = Simulator.start(vendors);
            Configuration configuration = read(yaml.apply(simulator));
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
                new TopicAdmin(admin).createMissing(TopicCatalogue.of(configuration), Duration.ofSeconds(60));
            }
            return new Installation(kafka, simulator, configuration);
        } catch (IOException | RuntimeException | Error e) {
            kafka.close();
            throw e;
        }
    }

    private static Configuration read(String yaml) {
        return switch (ConfigurationReader.read("test.yaml", yaml, name -> Optional.ofNullable(System.getenv(name)))) {
            case ReadResult.Valid valid -> valid.configuration();
            case ReadResult.Invalid invalid -> throw new AssertionError(invalid.problems());
        };
    }

    private Worker startWorker() {
        return startWorker(options -> options);
    }

    private Worker startWorker(UnaryOperator<WorkerOptions> changed) {
        Worker started = Worker.start(
                changed.apply(WorkerOptions.of(configuration, clientProperties(), registryProperties())));
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(started::ready);
        return started;
    }

    public Map<String, Object> clientProperties() {
        return Map.of("bootstrap.servers", kafka.bootstrapServers());
    }

    public Map<String, Object> registryProperties() {
        return Map.of("schema.registry.url", kafka.registryUrl());
    }

    /** Both, as clients of the contract take them. */
    public Map<String, Object> callerProperties() {
        return Map.of("bootstrap.servers", kafka.bootstrapServers(), "schema.registry.url", kafka.registryUrl());
    }

    public Simulator simulator() {
        return simulator;
    }

    public Worker worker() {
        return worker;
    }

    public Configuration configuration() {
        return configuration;
    }

    /** Closes the worker in good order and starts another. */
    public void restartWorker() {
        restartWorker(() -> {
        });
    }

    /** The same with other options. */
    public void restartWorker(UnaryOperator<WorkerOptions> changed) {
        worker.close();
        worker = startWorker(changed);
    }

    /** The same with something done while there is none. */
    public void restartWorker(Runnable between) {
        worker.close();
        between.run();
        worker = startWorker();
    }

    @Override
    public void close() {
        worker.close();
        simulator.close();
        kafka.close();
    }
}
