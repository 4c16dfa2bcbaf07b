package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.topics.TopicAdmin;
import dev.signalbox.config.topics.TopicCatalogue;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.dispatcher.DispatcherOptions;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.embedded.EmbeddedStack;
import dev.signalbox.embedded.EmbeddedStartException;
import dev.signalbox.simulator.Simulator;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.workers.intake.CommittedWork;
import dev.signalbox.workers.telemetry.Telemetry;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.admin.Admin;
import org.jspecify.annotations.Nullable;

/**
 * What a command works against: a Kafka of somebody else's, or broker, registry, simulated vendors and worker in this
 * process. Closing it stops, in the opposite order, what runs here. For one thread.
 */
public final class Installation implements AutoCloseable {
    private static final Duration TOPIC_PATIENCE = Duration.ofSeconds(60);

    private final Clients clients;
    private final Configuration configuration;
    private final @Nullable EmbeddedStack stack;
    private final @Nullable Simulator simulator;
    private @Nullable Worker worker;
    private @Nullable Dispatcher dispatcher;
    private volatile boolean quitting;

    private Installation(Clients clients, Configuration configuration, @Nullable EmbeddedStack stack,
            @Nullable Simulator simulator) {
        this.clients = clients;
        this.configuration = configuration;
        this.stack = stack;
        this.simulator = simulator;
    }

    /** Somebody else's Kafka, whose workers run elsewhere. Nothing is contacted yet. */
    public static Installation remote(Clients clients, Configuration configuration) {
        return new Installation(clients, configuration, null, null);
    }

    /**
     * Starts broker, registry and, if the configuration is the simulated one, vendors; creates missing topics. The worker
     * waits for {@link #startWorker}.
     *
     * @param simulatorPort 0 for a free one
     */
    public static Installation embedded(Path data, EmbeddedOptions options, ConfigurationChoice choice,
            int simulatorPort, Terminal terminal) throws InterruptedException {
        CompletableFuture<EmbeddedStack> starting = new CompletableFuture<>();
        Logs.into(data);
        Thread.ofPlatform().name("embedded-start").start(() -> {
            try {
                starting.complete(EmbeddedStack.start(data, options));
            } catch (EmbeddedStartException | RuntimeException e) {
                starting.completeExceptionally(e);
            }
        });
        Simulator simulator = null;
        EmbeddedStack stack = null;
        try {
            Configuration configuration;
            if (choice.origin() == ConfigurationChoice.Origin.SIMULATED) {
                Simulator started = SimulatedVendors.start(simulatorPort);
                simulator = started;
                configuration = choice.read(terminal, name -> SimulatedVendors.address(started, name));
            } else {
                configuration = choice.read(terminal);
            }
            stack = await(starting);
            Clients clients = new Clients(stack.bootstrapServers(), stack.registryUrl(), java.util.Map.of());
            try (Admin admin = clients.admin()) {
                new TopicAdmin(admin).createMissing(TopicCatalogue.of(configuration), TOPIC_PATIENCE);
            }
            return new Installation(clients, configuration, stack, simulator);
        } catch (RuntimeException | InterruptedException e) {
            if (simulator != null) {
                simulator.close();
            }
            if (stack != null) {
                stack.close();
            } else {
                closeLater(starting);
            }
            throw e;
        }
    }

    /** A start that cannot be waited for: whoever asked for it has given up. */
    private static void closeLater(CompletableFuture<EmbeddedStack> starting) {
        starting.whenComplete((stack, _) -> {
            if (stack != null) {
                stack.close();
            }
        }).exceptionally(_ -> null);
    }

    private static EmbeddedStack await(CompletableFuture<EmbeddedStack> starting) {
        try {
            return starting.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof EmbeddedStartException refused) {
                throw new CommandFailure(ExitCode.USAGE, String.valueOf(refused.getMessage()), refused);
            }
            throw e;
        }
    }

    public Clients clients() {
        return clients;
    }

    public Configuration configuration() {
        return configuration;
    }

    public boolean isEmbedded() {
        return stack != null;
    }

    public Optional<Simulator> simulator() {
        return Optional.ofNullable(simulator);
    }

    /** Starts a worker in this process that goes by this configuration alone. */
    public Worker startWorker(Admission admission, AdminListener admin) {
        return startWorker(new ConfigurationSource.Fixed(configuration), admission, admin);
    }

    /** The same by another one, which may come from Kafka. */
    public Worker startWorker(ConfigurationSource source, Admission admission, AdminListener admin) {
        WorkerOptions options = new WorkerOptions(source, clients.kafkaProperties(), clients.registryProperties(),
                Set.of(), admission, admin).withTelemetry(telemetry());
        Worker started = start(isEmbedded() ? options.withoutLeases() : options);
        worker = started;
        return started;
    }

    /** As OpenTelemetry's standard variables say; off where they say nothing. */
    static Telemetry telemetry() {
        try {
            return Telemetry.ofEnvironment(System::getenv);
        } catch (ConfigurationException e) {
            throw new CommandFailure(ExitCode.USAGE, "OpenTelemetry's OTEL_* variables: " + e.getMessage(), e);
        }
    }

    /** Starts a worker; an admin port that is taken is the user's to change. */
    static Worker start(WorkerOptions options) {
        try {
            return Worker.start(options);
        } catch (UncheckedIOException e) {
            throw new CommandFailure(ExitCode.USAGE, portTaken(options.admin(), e), e);
        }
    }

    /** Starts a dispatcher; an admin port that is taken is the user's to change. */
    static Dispatcher start(DispatcherOptions options) {
        try {
            return Dispatcher.start(options);
        } catch (UncheckedIOException e) {
            throw new CommandFailure(ExitCode.USAGE, portTaken(options.admin(), e), e);
        }
    }

    private static String portTaken(AdminListener admin, UncheckedIOException e) {
        return "port " + admin.address().getPort() + " of " + admin.address().getHostString()
                + ", for health and metrics, cannot be used (" + e.getMessage()
                + "); choose another with --admin-port, 0 for a free one";
    }

    /** Starts the control plane in this process; requests flow without it. */
    public Dispatcher startDispatcher(ConfigurationSource source, Path stateDir) {
        Dispatcher started = Dispatcher.start(DispatcherOptions.of(source, clients.kafkaProperties(),
                clients.registryProperties(), stateDir).withDoneAhead(CommittedWork::done));
        dispatcher = started;
        return started;
    }

    /** From now on {@link #close} waits for nothing: what runs here ends with the process, as in a kill. */
    public void quit() {
        quitting = true;
    }

    /** Lets the worker here, if there is one, finish the calls that run and begin no others. */
    public void drainWorker(Duration limit) {
        if (worker != null) {
            worker.drain(limit);
        }
    }

    @Override
    public void close() {
        if (quitting) {
            Thread.ofPlatform().daemon().name("quit").start(this::stop);
        } else {
            stop();
        }
    }

    private void stop() {
        if (dispatcher != null) {
            dispatcher.close();
        }
        if (worker != null) {
            worker.close();
        }
        if (simulator != null) {
            simulator.close();
        }
        if (stack != null) {
            stack.close();
        }
    }
}
