package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.workers.telemetry.Telemetry;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** A worker process of a fleet. */
@Command(name = "worker", description = "Runs a worker against a Kafka until SIGTERM: it stops taking, finishes what runs, commits and leaves.")
final class WorkerCommand implements Callable<Integer> {
    @ParentCommand
    private Shell shell = Shell.NONE;

    @Option(names = "--pool", paramLabel = "NAME", description = "Serve only this pool. Repeatable; by default all.")
    private List<String> pools = List.of();

    @Option(names = "--drain-limit", paramLabel = "DURATION", defaultValue = "60s", description = "How long running calls may go on after SIGTERM; default ${DEFAULT-VALUE}.")
    private Duration drainLimit = Duration.ofSeconds(60);

    @Mixin
    private AdminOptions admin = new AdminOptions();
    @Mixin
    private ConfigurationChoice choice = new ConfigurationChoice();
    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        Clients clients = kafka.required();
        AdminListener listener = admin.listener();
        boolean waits = choice.origin() == ConfigurationChoice.Origin.SIMULATED;
        Set<PoolName> served = waits ? poolNames() : poolNames(choice.read(shell.terminal()));
        Telemetry telemetry = Installation.telemetry();
        clients.clusterId();
        Logs.asService();
        CountDownLatch stopped = new CountDownLatch(1);
        AtomicBoolean quitting = new AtomicBoolean();
        CountDownLatch left = new CountDownLatch(2);
        shell.onInterrupt(count -> {
            quitting.set(count > 1);
            stopped.countDown();
            left.countDown();
        });
        Worker worker = Installation.start(new WorkerOptions(choice.live(), clients.kafkaProperties(),
                clients.registryProperties(), served, Admission.ALL, listener).withTelemetry(telemetry));
        // Ends with the process, wherever it is, when a second signal comes first.
        Thread leaving = Thread.ofPlatform().daemon().name("leaving").unstarted(() -> {
            worker.drain(drainLimit);
            worker.close();
            left.countDown();
        });
        try {
            shell.terminal().say("worker: Kafka " + clients.bootstrapServers() + ", health and metrics at http://"
                    + admin.host() + ":" + worker.adminPort());
            if (waits) {
                shell.terminal().say("no --config: it goes by what is in force, and waits until there is something");
            }
            stopped.await();
            shell.terminal().say("draining: what runs is finished, at most " + drainLimit.toSeconds()
                    + " s; a second signal, or Ctrl-C again, quits at once");
            leaving.start();
            left.await();
        } finally {
            if (leaving.getState() == Thread.State.NEW) {
                worker.close();
            }
        }
        return (quitting.get() ? ExitCode.INTERRUPTED : ExitCode.OK).number();
    }

    private Set<PoolName> poolNames() {
        Set<PoolName> names = new LinkedHashSet<>();
        for (String name : pools) {
            try {
                names.add(new PoolName(name));
            } catch (IllegalArgumentException e) {
                throw new CommandFailure(ExitCode.USAGE, "--pool: " + e.getMessage(), e);
            }
        }
        return names;
    }

    private Set<PoolName> poolNames(Configuration configuration) {
        Set<PoolName> names = new LinkedHashSet<>();
        for (String name : pools) {
            List<String> known = configuration.pools().stream().map(pool -> pool.name().value()).toList();
            if (!known.contains(name)) {
                throw new CommandFailure(ExitCode.USAGE, "--pool: the configuration has no pool \"" + name + "\""
                        + dev.signalbox.cli.batch.DidYouMean.hint(name, known));
            }
            names.add(new PoolName(name));
        }
        return names;
    }
}
