package dev.signalbox.cli;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.admin.AdminListener;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.workers.Worker;
import dev.signalbox.workers.WorkerOptions;
import dev.signalbox.workers.intake.Admission;
import dev.signalbox.workers.telemetry.Telemetry;
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
    public Integer call() throws InterruptedException {
        Clients clients = kafka.required();
        if (choice.origin() == ConfigurationChoice.Origin.SIMULATED) {
            throw new CommandFailure(ExitCode.USAGE, "a worker needs a configuration: --config FILE, or --live");
        }
        AdminListener listener = admin.listener();
        Configuration configuration = choice.read(shell.terminal());
        Set<PoolName> served = poolNames(configuration);
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
        Worker worker = Installation.start(new WorkerOptions(configuration, clients.kafkaProperties(),
                clients.registryProperties(), served, Admission.ALL, listener, telemetry));
        // Ends with the process, wherever it is, when a second signal comes first.
        Thread leaving = Thread.ofPlatform().daemon().name("leaving").unstarted(() -> {
            worker.drain(drainLimit);
            worker.close();
            left.countDown();
        });
        try {
            shell.terminal().say("worker: Kafka " + clients.bootstrapServers() + ", health and metrics at http://"
                    + admin.host() + ":" + worker.adminPort());
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
