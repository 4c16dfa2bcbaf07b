package dev.signalbox.cli;

import dev.signalbox.cli.batch.HeldBatches;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.config.ConfigurationDiff;
import dev.signalbox.config.live.ConfigurationLog;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import dev.signalbox.config.live.ConfigurationSource;
import dev.signalbox.config.live.ConfigurationTopic;
import dev.signalbox.dispatcher.Dispatcher;
import dev.signalbox.embedded.EmbeddedOptions;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.intake.Admission;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The whole stack in one process. */
@Command(name = "up", description = "Runs broker, registry, worker and (simulated) vendors in one process until Ctrl-C.")
final class UpCommand implements Callable<Integer> {
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(60);
    private static final String BUILT_IN = "from " + ConfigurationChoice.SIMULATED;

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "--port", defaultValue = "${env:SIGNALBOX_PORT:-9092}", description = "Port of Kafka; 0 for a free one. Default ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--registry-port", defaultValue = "${env:SIGNALBOX_REGISTRY_PORT:-8081}", description = "Port of the schema registry; 0 for a free one. Default ${DEFAULT-VALUE}.")
    private int registryPort;

    @Option(names = "--admin-port", defaultValue = "${env:SIGNALBOX_ADMIN_PORT:-8080}", description = "Port of /livez, /readyz, /metrics; 0 for a free one. Default ${DEFAULT-VALUE}.")
    private int adminPort;

    @Option(names = "--simulator-port", defaultValue = "${env:SIGNALBOX_SIMULATOR_PORT:-4010}", description = "Port of the simulated vendors; 0 for a free one. Default ${DEFAULT-VALUE}.")
    private int simulatorPort;

    @Option(names = "--all", description = "Also run what interrupted batches left in the broker.")
    private boolean all;

    @Mixin
    private ConfigurationChoice choice = new ConfigurationChoice();
    @Mixin
    private DataFolder data = new DataFolder();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Terminal terminal = shell.terminal();
        choice.read(terminal);
        EmbeddedOptions options = EmbeddedOptions.defaults().withBrokerPort(port).withRegistryPort(registryPort);
        try (Installation installation = Installation.embedded(data.path(), options, choice, simulatorPort, terminal)) {
            Clients clients = installation.clients();
            String cluster = clients.clusterId();
            Set<String> interrupted = HeldBatches.interrupted(data.path(), cluster);
            HeldBatches.tell(terminal, data.path(), clients, cluster, Set.of(), all);
            ConfigurationSource.Live source = choice.liveOrSimulated(name -> installation.simulator()
                    .flatMap(simulator -> SimulatedVendors.address(simulator, name)));
            putInForce(installation.clients(), terminal);
            Worker worker = installation.startWorker(source, all ? Admission.ALL : HeldBatches.holding(interrupted),
                    new AdminListener(new InetSocketAddress(InetAddress.getLoopbackAddress(), adminPort),
                            Optional.empty()));
            Dispatcher dispatcher = installation.startDispatcher(source, data.path().resolve("streams"));
            RunningStack.write(data.path(), clients);
            tellWhere(terminal, installation, worker, dispatcher);
            CountDownLatch first = new CountDownLatch(1);
            CountDownLatch second = new CountDownLatch(2);
            AtomicInteger signals = new AtomicInteger();
            shell.onInterrupt(count -> {
                signals.set(count);
                first.countDown();
                second.countDown();
            });
            first.await();
            RunningStack.remove(data.path());
            terminal.say("draining: what runs is finished; Ctrl-C again quits at once");
            Thread drain = Thread.ofPlatform().daemon().name("drain").start(() -> {
                installation.drainWorker(DRAIN_LIMIT);
                second.countDown();
            });
            second.await();
            boolean cut = drain.isAlive() && signals.get() > 1;
            if (cut) {
                installation.quit();
            }
            drain.interrupt();
            return (cut ? ExitCode.INTERRUPTED : ExitCode.OK).number();
        }
    }

    /**
     * Whoever starts the stack with a configuration of his own wants that one, also where another was in force before; without
     * one, what was applied stays, and what an earlier start had brought along gives way to this version's.
     */
    private void putInForce(Clients clients, Terminal terminal) throws IOException, InterruptedException {
        ConfigurationSource.Text own = choice.ownText();
        ConfigurationLog log = ConfigurationHistory.read(clients);
        Entry holds = log.holds().orElse(null);
        if (holds == null || ConfigurationDiff.between(holds.text(), own.yaml()).isEmpty()
                || (own.name().equals(ConfigurationChoice.SIMULATED) && !holds.why().equals(BUILT_IN))) {
            return;
        }
        try (ConfigurationTopic topic = new ConfigurationTopic(clients.kafkaProperties())) {
            ConfigurationRecord next = log.next(own.yaml(), System.getProperty("user.name", "signalbox up"),
                    "from " + own.name());
            topic.write(next);
            terminal.say(own.name() + " is in force now, as generation " + next.getGeneration());
        }
    }

    private void tellWhere(Terminal terminal, Installation installation, Worker worker, Dispatcher dispatcher) {
        var out = terminal.out();
        out.println("Kafka             " + installation.clients().bootstrapServers());
        out.println("schema registry   " + installation.clients().registryUrl());
        out.println("health, metrics   http://127.0.0.1:" + worker.adminPort() + "/readyz  /livez  /metrics");
        out.println("control plane     http://127.0.0.1:" + dispatcher.adminPort()
                + "/deployments  /readyz  /livez  /metrics");
        installation.simulator().ifPresentOrElse(
                simulator -> out.println("simulated vendors http://127.0.0.1:" + simulator.port()
                        + "  (no real vendor is called; use --live or --config)"),
                () -> out.println("vendors           real ones, by "
                        + choice.file().map(Object::toString).orElse("--live")));
        out.println("data              " + data.path());
        out.println();
        String model = installation.configuration().routes().keySet().stream().sorted().findFirst().orElse("MODEL");
        out.println("Ask something:");
        out.println("  ./signalbox submit --model " + model + " --stream \"Where is my parcel?\"");
        out.println("or with any Kafka client, here kcat:");
        out.println("  echo 'my-1|{\"id\":\"my-1\",\"model\":\"" + model
                + "\",\"body\":{\"model\":\"" + model
                + "\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}}' \\");
        out.println("    | kcat -b " + installation.clients().bootstrapServers()
                + " -P -t " + firstTopic(installation) + " -K '|' -H content-type=application/json");
        out.println("  kcat -b " + installation.clients().bootstrapServers() + " -C -t llm.replies -o beginning -e");
        out.println();
        out.println("Ctrl-C stops it.");
        out.flush();
    }

    /** A topic that takes requests without a use case. */
    private static String firstTopic(Installation installation) {
        return installation.configuration().poolOf("default").map(pool -> new dev.signalbox.schemas.Lane(pool.name(),
                pool.priorities().keySet().stream().sorted().findFirst().orElseThrow()).requestTopic())
                .orElse("llm.requests.POOL.PRIORITY");
    }
}
